"""The one door to the database: units of work, each stored whole or not at all."""

import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from tradewire.contract.errors import Unhonoured

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")

#: EX_SOFTWARE of sysexits.h. Started again, the process reads what really reached the disk.
FATAL_EXIT = 70


class StoreUnavailable(Exception):
    """Nothing was stored; the text is a sentence for the user."""


class StoreInDoubt(StoreUnavailable):
    """The database was lost while it was asked to commit: all was stored, or nothing was.

    Doing the same again is safe, since what a unit stores is known by unique keys.
    """


class Store(ABC):
    """Reads and writes by units of work: sync functions of a SQLAlchemy connection, which never commit.

    A unit that raises leaves nothing behind, and its exception goes to its caller. A unit may see what other
    units wrote before it, never half of one. When a call returns, what it wrote is on the disk. A unit whose
    waiting caller is cancelled still runs. One that the database undid because of others runs again.

    On SQLite units run one after the other. On PostgreSQL they run side by side, here and in other processes,
    and each statement sees what is committed when it begins: what a unit reads and then relies on, it locks
    first (see `tradewire.store.locks` and `tradewire.state.versions`), and a statement that fails ends the
    whole unit.
    """

    @abstractmethod
    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` in a transaction of its own; raises what it raises, or `StoreUnavailable`."""

    @abstractmethod
    def write_now(self, unit: Callable[[Connection], T]) -> T:
        """The same, blocking, from a worker's thread. On an event loop or inside a unit: `RuntimeError`."""

    @abstractmethod
    def gather(
        self, batch: Callable[[Connection, Sequence[Item]], Sequence[Result]], item: Item
    ) -> Awaitable[Result]:
        """First in line: items that wait for the same `batch` function are handed over together, in order.

        `batch` returns one result per item. If it raises for several items, all it did is undone and it is
        given them one by one, so that one bad item fails alone.
        """

    @abstractmethod
    def expecting(self) -> AbstractContextManager[None]:
        """Announces, on an event loop, an item for `gather`: others may wait a little to go with it."""

    @abstractmethod
    async def read(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` in a thread on a read-only connection, over one snapshot of what is committed."""

    @abstractmethod
    def read_now(self, unit: Callable[[Connection], T]) -> T:
        """The same, in the calling thread."""

    @abstractmethod
    def close(self) -> None:
        """Take no more, finish what waits, close. A second call does nothing."""


def exit_at_once(sentence: str) -> None:
    """End the process without another word to the disk: after a failed fsync nobody knows what it holds."""
    logging.getLogger(__name__).critical(sentence)
    logging.shutdown()
    os._exit(FATAL_EXIT)


def open_store(
    url: str,
    *,
    on_fatal: Callable[[str], None] = exit_at_once,
    after_commit: Callable[[int, float], None] | None = None,
    readers: int = 4,
    monotonic: Callable[[], float] = time.monotonic,
) -> Store:
    """Open the database at `url`; its tables must be there already.

    Such as "sqlite:////path/tradewire.db" or "postgresql://user:password@host/tradewire". `on_fatal` is told
    in a sentence that the disk can no longer be trusted (SQLite). `after_commit` is told of every commit: how
    many units it stored, and the seconds it took. `readers` is how many reads from event loops run at once.
    Raises `StoreUnavailable` if the database cannot be opened, `Unhonoured` if it is of a kind this build
    does not know, or one that would lose what it acknowledged.
    """
    if backend(url) == "sqlite":
        from tradewire.store.sqlite import SqliteStore

        return SqliteStore(
            url, on_fatal=on_fatal, after_commit=after_commit, readers=readers, monotonic=monotonic
        )
    if backend(url) == "postgresql":
        from tradewire.store.postgres import PostgresStore

        return PostgresStore(url, after_commit=after_commit, readers=readers, monotonic=monotonic)
    raise unhonoured_backend(url)


def backend(url: str) -> str:
    """The kind of database a URL names; raises `Unhonoured` if it cannot be read (it is never repeated)."""
    try:
        name = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise Unhonoured(
            "database_url cannot be read; it looks like postgresql://user:password@host:5432/tradewire or "
            "sqlite:////home/you/.tradewire/tradewire.db."
        ) from None
    return "postgresql" if name == "postgres" else name


def unhonoured_backend(url: str) -> Unhonoured:
    return Unhonoured(
        f'Tradewire stores in SQLite or PostgreSQL, not in "{backend(url)}"; leave database_url out to use '
        "SQLite in the data folder."
    )
