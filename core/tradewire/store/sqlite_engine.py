"""SQLAlchemy engines on the standard library's sqlite3, with its transactions taken over from it."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection as RawConnection
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from tradewire.contract.errors import Unhonoured

#: How long to wait for another program that holds the file, in milliseconds.
BUSY_TIMEOUT_MS = 5_000
_KEYS = "PRAGMA foreign_keys = ON"
# SQLite before 3.51.3 can corrupt a database that two connections checkpoint at once: nobody but the
# writer does, and it asks for it itself, since errors of the automatic checkpoint are not reported.
_NO_CHECKPOINT = "PRAGMA wal_autocheckpoint = 0"
#: After a burst the journal is cut back to this many bytes; without it the file stays as long as it ever was.
_JOURNAL_SIZE = "PRAGMA journal_size_limit = 16777216"
_WRITER = (
    _KEYS,
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    _NO_CHECKPOINT,
    _JOURNAL_SIZE,
)
_READER = (_KEYS, _NO_CHECKPOINT, "PRAGMA query_only = ON")


def database_path(url: str) -> Path:
    """The file a SQLite URL names; raises `Unhonoured` for one in memory, which would not outlive us."""
    database = make_url(url).database
    if not database or database == ":memory:" or database.startswith("file:"):
        raise Unhonoured(
            "database_url must name a file, such as sqlite:////home/you/.tradewire/tradewire.db; "
            "a database in memory would lose what was acknowledged."
        )
    return Path(database)


def create_private(path: Path) -> None:
    """Make the file, if it is missing, for its owner alone; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def writing_engine(url: str) -> Engine:
    """For one connection: WAL, commits fsynced, transactions BEGIN IMMEDIATE, no checkpoint unasked."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})
    return _taken_over(engine, _WRITER, "BEGIN IMMEDIATE")


def reading_engine(url: str) -> Engine:
    """A pool of connections that cannot write; a connection is used by one thread at a time."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=56,
        connect_args={"check_same_thread": False},
    )
    return _taken_over(engine, _READER, "BEGIN")


def migrating_engine(url: str) -> Engine:
    """As for writing, but foreign keys do not bite while a table is rebuilt."""
    engine = create_engine(url, poolclass=NullPool)
    return _taken_over(engine, (*_WRITER, "PRAGMA foreign_keys = OFF"), "BEGIN IMMEDIATE")


def raw(connection: Connection) -> RawConnection:
    """The sqlite3 connection below a SQLAlchemy one."""
    return cast(RawConnection, connection.connection.dbapi_connection)


def raw_begun(connection: Connection) -> RawConnection:
    """The same for statements that are part of a transaction: SQLAlchemy begins it with the first that it is
    given itself, and of these it does not know."""
    if not connection.in_transaction():
        connection.begin()
    return raw(connection)


def driver_failed(sql: str, error: sqlite3.Error) -> BaseException:
    """The driver's error as SQLAlchemy would have raised it; the values are left out."""
    return DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True)


def _taken_over(engine: Engine, pragmas: tuple[str, ...], begin: str) -> Engine:
    # sqlite3 would begin transactions by itself, late and not before SAVEPOINT or DDL.
    def connected(connection: RawConnection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", *pragmas):
            connection.execute(pragma).close()

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    listeners: tuple[tuple[str, Callable[..., None]], ...] = (("connect", connected), ("begin", began))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    return engine
