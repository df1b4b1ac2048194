"""Creating and migrating the tables in PostgreSQL, by one process at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tradewire.store.locks import Lock
from tradewire.store.postgres_address import Address, address_of
from tradewire.store.postgres_engine import make_engine
from tradewire.store.postgres_failures import is_outage, unavailable
from tradewire.store.postgres_transactions import connecting

T = TypeVar("T")

#: Milliseconds a second process waits for the first to have migrated.
PATIENCE_MS = 300_000


def on_postgres(url: str, work: Callable[[Connection, str], T]) -> T:
    """Run `work(connection, name)` while nobody else migrates; it begins and commits its own transactions.

    `name` is how the database is called in sentences. Raises what `work` raises, and `StoreUnavailable` where
    the server fails.
    """
    address = address_of(url)
    with ThreadPoolExecutor(1) as apart:
        # A thread of its own, since the caller's may be in an event loop.
        return apart.submit(asyncio.run, _alone(address, work)).result()


async def _alone(address: Address, work: Callable[[Connection, str], T]) -> T:
    engine = make_engine(
        address,
        autocommit=False,
        statement_timeout="0",
        idle_in_transaction_session_timeout="0",
        lock_timeout=f"{PATIENCE_MS}ms",
    )
    with connecting(address):
        connection = await engine.connect()
    try:
        return await connection.run_sync(_locked, work, address.name)
    except DBAPIError as error:
        if is_outage(error):
            raise unavailable(error, address.name) from error
        raise
    finally:
        # The lock goes with the connection.
        await connection.invalidate()
        await connection.close()


def _locked(connection: Connection, work: Callable[[Connection, str], T], name: str) -> T:
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": int(Lock.MIGRATION)}).close()
    return work(connection, name)
