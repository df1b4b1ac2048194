"""One connection with an event loop of its own, which whichever thread holds it drives.

So a unit of work runs in the thread that asked for it: nothing is handed to another thread and back, and a
unit that takes long holds up nobody else.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")

WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

#: What asyncpg raises where the connection, not the statement, is at fault.
_GONE = (
    OSError,
    EOFError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.PostgresSystemError,
)


class Stale(Exception):
    """The connection was gone before anything was begun; the cause says why."""


class LostAtCommit(Exception):
    """The connection was gone before the server had answered to COMMIT; the cause says why."""


class Aborted(Exception):
    """A statement failed and the unit went on: the server undid the transaction instead of committing it."""


class DrivenConnection:
    """Used by one thread at a time, none of which may be in an event loop of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Connects, on an engine in autocommit; raises what that raises."""
        self._loop = asyncio.new_event_loop()
        try:
            self._connection, self._driver = self._run(_connected(engine))
        except BaseException:
            self._loop.close()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether another transaction can begin here."""
        return not (self._driver.is_closed() or self._driver.is_in_transaction())

    @property
    def is_lost(self) -> bool:
        return bool(self._driver.is_closed())

    def transact(self, unit: Callable[[Connection], T], begin: str) -> T:
        """Run `unit` between `begin` and COMMIT. What it raises undoes it, and is raised."""
        return self._run(self._transact(unit, begin))

    def close(self) -> None:
        """What is open is undone."""
        self._run(_closed(self._connection))
        self._loop.close()

    async def _transact(self, unit: Callable[[Connection], T], begin: str) -> T:
        try:
            await self._driver.execute(begin)
        except (*_GONE, asyncpg.PostgresError) as error:
            raise Stale from error
        try:
            result = await self._connection.run_sync(_run_unit, unit)
        except BaseException:
            await self._roll_back()
            raise
        try:
            # A transaction whose statement failed is rolled back by COMMIT, and only the answer tells.
            answer = await self._driver.execute("COMMIT")
        except _GONE as error:
            raise LostAtCommit from error
        if answer != "COMMIT":
            raise Aborted
        return result

    async def _roll_back(self) -> None:
        if self._driver.is_closed():
            return
        try:
            await self._driver.execute("ROLLBACK")
        except (*_GONE, asyncpg.PostgresError):
            self._driver.terminate()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


def _run_unit(connection: Connection, unit: Callable[[Connection], T]) -> T:
    # The engine is in autocommit: this begins and ends nothing but SQLAlchemy's own account of it.
    with connection.begin():
        return unit(connection)


async def _connected(engine: AsyncEngine) -> tuple[AsyncConnection, asyncpg.Connection]:
    connection = await engine.connect()
    raw = await connection.get_raw_connection()
    return connection, raw.driver_connection


async def _closed(connection: AsyncConnection) -> None:
    with suppress(*_GONE, asyncpg.PostgresError):
        await connection.invalidate()
    await connection.close()
