"""Connecting to PostgreSQL: what every connection is set to, and what a server must be to be trusted."""

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from tradewire.contract.errors import Unhonoured
from tradewire.store.postgres_address import Address

#: Seconds until a server that is not there, or does not answer, is given up.
CONNECT_S = 5.0
#: Seconds a statement may take, on the server; and until the client stops waiting for a server that froze.
STATEMENT_S = 30
SILENCE_S = 40.0
#: Seconds to wait for a lock; and until the locks of a process that stands still are taken from it, which is
#: sooner than whoever waits for them gives up, and less than a lease. See also `postgres_standstill`.
LOCK_S = 6
IDLE_IN_TRANSACTION_S = 5
#: The oldest server whose answers are understood.
OLDEST = 130_000

_STATEMENTS_KEPT = 500
_SETTINGS = {
    "application_name": "tradewire",
    "statement_timeout": f"{STATEMENT_S}s",
    "lock_timeout": f"{LOCK_S}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
    "timezone": "UTC",
    # Every statement here is short; compiling one takes longer than running it.
    "jit": "off",
}
_GREETING = (
    "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits, "
    "current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version, "
    "current_setting('server_version') AS named, pg_is_in_recovery() AS standby"
)


class ReadOnlyStandby(Exception):
    """The server only repeats what another one stores."""


def make_engine(address: Address, *, autocommit: bool, **settings: str) -> AsyncEngine:
    """Every connect opens a connection of its own. `settings` go over those that are set for the store.

    Connecting raises what asyncpg raises, `Unhonoured` for a server that would lose what it acknowledged,
    and `ReadOnlyStandby`.
    """

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            address.dsn, timeout=CONNECT_S, command_timeout=SILENCE_S, server_settings=_SETTINGS | settings
        )
        try:
            await _check(connection, address)
        except BaseException:
            connection.terminate()
            raise
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=NullPool,
        connect_args={"prepared_statement_cache_size": _STATEMENTS_KEPT},
    )
    return engine.execution_options(isolation_level="AUTOCOMMIT") if autocommit else engine


async def _check(connection: asyncpg.Connection, address: Address) -> None:
    server = await connection.fetchrow(_GREETING)
    if server["version"] < OLDEST:
        raise Unhonoured(
            f"The PostgreSQL server of {address.name} is version {server['named']}; Tradewire needs "
            f"{OLDEST // 10_000} or later."
        )
    if server["encoding"] != "UTF8":
        raise Unhonoured(
            f"The PostgreSQL database {address.name} is encoded in {server['encoding']}, which cannot hold "
            "every text; create one with `createdb --encoding=UTF8 --template=template0`."
        )
    if server["fsync"] != "on":
        raise Unhonoured(
            f"The PostgreSQL server of {address.name} runs with fsync = off: what it acknowledges may be "
            "lost with the power. Set fsync = on in its postgresql.conf."
        )
    if server["standby"]:
        raise ReadOnlyStandby
    if server["commits"] == "off":
        # A default of the server, the database or the user; the session decides.
        await connection.execute("SET synchronous_commit TO on")
