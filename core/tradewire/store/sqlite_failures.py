"""What SQLite's error codes mean to the user. Codes: https://sqlite.org/rescode.html"""

import sqlite3

from sqlalchemy.exc import DBAPIError

from tradewire.store.database import StoreUnavailable

_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full",
    sqlite3.SQLITE_BUSY: "Another program keeps the database locked",
    sqlite3.SQLITE_LOCKED: "Another program keeps the database locked",
    sqlite3.SQLITE_IOERR: "The disk reported an error",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened",
    sqlite3.SQLITE_READONLY: "The database file is read-only",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged",
    sqlite3.SQLITE_NOTADB: "The database file is not a SQLite database",
    sqlite3.SQLITE_NOMEM: "The machine is out of memory",
    sqlite3.SQLITE_PERM: "The database file may not be used by this user",
    sqlite3.SQLITE_AUTH: "The database file may not be used by this user",
}
_FSYNC = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}


class TransactionLost(Exception):
    """SQLite itself rolled the whole transaction back; the cause says why."""


def code(error: BaseException | None) -> int:
    """SQLite's extended result code of an exception, 0 where there is none."""
    if isinstance(error, TransactionLost):
        return code(error.__cause__)
    original = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlite_errorcode", None) or 0


def is_fatal(error: BaseException | None) -> bool:
    """Whether an fsync failed: the kernel may have dropped the pages, and a second try would lie."""
    return code(error) in _FSYNC


def is_outage(error: BaseException) -> bool:
    """Whether the database failed, rather than the unit of work."""
    return isinstance(error, TransactionLost) or code(error) & 0xFF in _SENTENCES


def is_read_only(error: BaseException) -> bool:
    """Whether something wrote where nothing may be written."""
    return code(error) & 0xFF == sqlite3.SQLITE_READONLY


def unavailable(error: BaseException, path: str) -> StoreUnavailable:
    """`StoreUnavailable` with a sentence for what SQLite said."""
    number = code(error)
    said = _SENTENCES.get(number & 0xFF, "The database failed")
    failure = StoreUnavailable(f"{said} ({path}, SQLite code {number}); nothing was stored.")
    failure.__cause__ = error
    return failure
