"""The store in one SQLite file: one writer thread with group commit, readers beside it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tradewire.store.database import Item, Result, Store, StoreUnavailable, T
from tradewire.store.loop_turns import LoopTurns
from tradewire.store.sqlite_engine import create_private, database_path, reading_engine, writing_engine
from tradewire.store.sqlite_failures import is_outage, is_read_only, unavailable
from tradewire.store.sqlite_writer import SqliteWriter
from tradewire.store.waiting import Line, WaitingUnit

#: Items that may wait for `gather`; at the largest body that is 128 MiB.
MOST_WAITING = 2_000


class SqliteStore(Store):
    """See `open_store`."""

    def __init__(
        self,
        url: str,
        *,
        on_fatal: Callable[[str], None],
        after_commit: Callable[[int, float], None] | None,
        readers: int,
        monotonic: Callable[[], float],
    ) -> None:
        path = database_path(url)
        self._path = str(path)
        self._line = Line(MOST_WAITING)
        self._turns = LoopTurns(self._line)
        self._writing = writing_engine(url)
        self._reading = reading_engine(url)
        try:
            create_private(path)
            self._writer = SqliteWriter(
                self._writing,
                self._line,
                path=self._path,
                on_fatal=on_fatal,
                after_commit=after_commit,
                monotonic=monotonic,
            )
        except OSError as error:
            raise StoreUnavailable(f"The database {path} cannot be opened: {error.strerror}.") from error
        except (DBAPIError, sqlite3.Error) as error:
            raise unavailable(error, self._path) from error
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="tradewire-reader")
        self._closed = False
        self._writer.start()

    async def write(self, unit: Callable[[Connection], T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._line.add_unit(WaitingUnit(unit, future))
        return await future

    def write_now(self, unit: Callable[[Connection], T]) -> T:
        if self._writer.is_current_thread():
            raise RuntimeError("a unit of work cannot wait for another one")
        if _on_event_loop():
            raise RuntimeError("write_now would block this event loop; await write instead")
        future: Future[T] = Future()
        self._line.add_unit(WaitingUnit(unit, future))
        return future.result()

    def gather(
        self, batch: Callable[[Connection, Sequence[Item]], Sequence[Result]], item: Item
    ) -> asyncio.Future[Result]:
        return self._turns.add(batch, item)

    def expecting(self) -> AbstractContextManager[None]:
        return self._turns.expecting()

    async def read(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, unit)

    def read_now(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        try:
            with self._reading.connect() as connection, connection.begin():
                return unit(connection)
        except (DBAPIError, sqlite3.Error) as error:
            if not is_outage(error) or is_read_only(error):
                raise
            raise unavailable(error, self._path) from error

    def close(self) -> None:
        self._line.close()
        self._writer.finish()
        self._closed = True
        self._readers.shutdown()
        # The last connection to go copies the write-ahead log into the database; let it be the writer's.
        self._reading.dispose()
        self._writer.disconnect()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("The database is closed because Tradewire is stopping.")


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
