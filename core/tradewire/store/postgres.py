"""The store in a PostgreSQL database: every unit of work a transaction of its own, many at a time."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from tradewire.contract.errors import Unhonoured
from tradewire.store.database import Item, Result, Store, StoreUnavailable, T
from tradewire.store.loop_turns import LoopTurns
from tradewire.store.postgres_address import address_of
from tradewire.store.postgres_connection import READING, WRITING
from tradewire.store.postgres_gathering import Gathering
from tradewire.store.postgres_transactions import Transactions
from tradewire.store.settling import Outcome, settle
from tradewire.store.waiting import Line

#: The most connections of a process.
CONNECTIONS = 12
#: The most units at once that were handed over from event loops; units from threads come beside them.
WRITERS = 4
#: Items that may wait for `gather`; at the largest body that is 128 MiB.
MOST_WAITING = 2_000


class PostgresStore(Store):
    """See `open_store`."""

    def __init__(
        self,
        url: str,
        *,
        after_commit: Callable[[int, float], None] | None,
        readers: int,
        monotonic: Callable[[], float],
        connections: int = CONNECTIONS,
    ) -> None:
        """Raises `StoreUnavailable`, or `Unhonoured` for a server that would lose what it acknowledged."""
        self._transactions = Transactions(address_of(url), connections, after_commit, monotonic)
        self._line = Line(MOST_WAITING)
        self._turns = LoopTurns(self._line)
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="tradewire-writer")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="tradewire-reader")
        self._gathering = Gathering(self._line, self._transactions)
        self._closed = False
        try:
            self._writers.submit(self._transactions.connect).result()
        except (StoreUnavailable, Unhonoured):
            self.close()
            raise
        self._gathering.start()

    async def write(self, unit: Callable[[Connection], T]) -> T:
        return await self._handed_over(self._writers, unit, WRITING)

    def write_now(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        _refuse_within_a_unit()
        if _on_event_loop():
            raise RuntimeError("write_now would block this event loop; await write instead")
        return self._transact(unit, WRITING)

    def gather(
        self, batch: Callable[[Connection, Sequence[Item]], Sequence[Result]], item: Item
    ) -> asyncio.Future[Result]:
        return self._turns.add(batch, item)

    def expecting(self) -> AbstractContextManager[None]:
        return self._turns.expecting()

    async def read(self, unit: Callable[[Connection], T]) -> T:
        return await self._handed_over(self._readers, unit, READING)

    def read_now(self, unit: Callable[[Connection], T]) -> T:
        self._refuse_when_closed()
        _refuse_within_a_unit()
        if _on_event_loop():
            # One thread cannot drive two loops.
            return self._readers.submit(self._transact, unit, READING).result()
        return self._transact(unit, READING)

    def close(self) -> None:
        self._line.close()
        self._closed = True
        self._gathering.finish()
        self._writers.shutdown()
        self._readers.shutdown()
        self._transactions.close()

    async def _handed_over(
        self, executor: ThreadPoolExecutor, unit: Callable[[Connection], T], begin: str
    ) -> T:
        self._refuse_when_closed()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run() -> None:
            try:
                outcome = Outcome(self._transact(unit, begin))
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                outcome = Outcome(error=error)
            settle([(future, outcome)])

        # Not run_in_executor: that would withdraw the unit of a caller who is cancelled.
        executor.submit(run)
        return await future

    def _transact(self, unit: Callable[[Connection], T], begin: str) -> T:
        def marked(connection: Connection) -> T:
            _within.unit = True
            try:
                return unit(connection)
            finally:
                _within.unit = False

        return self._transactions.run(marked, begin)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("The database is closed because Tradewire is stopping.")


class _Within(threading.local):
    """Whether this thread is running a unit of work."""

    unit = False


_within = _Within()


def _refuse_within_a_unit() -> None:
    if _within.unit:
        raise RuntimeError("a unit of work cannot wait for another one")


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
