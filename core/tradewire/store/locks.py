"""What is locked by name in a database with several writers, until the transaction ends.

Accounts are locked by their row instead (`tradewire.state.versions.lock`). A unit that takes several takes
them in the order of the names here, then accounts by id, then SWITCHES, so that none waits in a circle.
"""

from enum import IntEnum

from sqlalchemy import Connection, text

# "trad" in ASCII, so that another program's advisory locks in the same database are others.
_OURS = 0x74726164 << 32


class Lock(IntEnum):
    """Names of advisory locks; their numbers stand in triggers and in running processes, so they stay."""

    #: Who creates or migrates the tables, one process at a time.
    MIGRATION = _OURS + 1
    #: Who numbers and chains ledger entries.
    SEALER = _OURS + 2
    #: Shared by everybody who is adding ledger entries: the sealer looks whether any of them is under way.
    APPENDERS = _OURS + 3
    #: Who puts signals into the accounts' inboxes.
    ROUTER = _OURS + 4
    #: Who adds or changes an account, algorithm, connection, key, token or password.
    CONFIGURATION = _OURS + 5
    #: Who counts the refusals of a day.
    REFUSALS = _OURS + 6
    #: Who sets a kill switch.
    SWITCHES = _OURS + 7


_WAIT = text("SELECT pg_advisory_xact_lock(:key)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")


def hold(conn: Connection, lock: Lock) -> None:
    """Wait for `lock` and keep it until the transaction ends. On SQLite whoever writes is alone already."""
    if conn.dialect.name == "postgresql":
        conn.execute(_WAIT, {"key": int(lock)})


def try_hold(conn: Connection, lock: Lock) -> bool:
    """The same without waiting; whether it was free."""
    return conn.dialect.name != "postgresql" or bool(conn.execute(_TRY, {"key": int(lock)}).scalar())
