"""What PostgreSQL's errors mean to the user. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

import socket
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError

from tradewire.store.database import StoreInDoubt, StoreUnavailable

_SENTENCES = {
    "53100": "The PostgreSQL server's disk is full; make room there",
    "53200": "The PostgreSQL server is out of memory",
    "53300": "The PostgreSQL server has no connection to spare; raise its max_connections, or start fewer "
    "processes",
    "25006": "The PostgreSQL server is a read-only standby, or the database was made read-only; point "
    "database_url at the primary",
    "55P03": "Another program keeps the PostgreSQL database locked",
    "57014": "The PostgreSQL server took too long over a statement",
    "57P01": "The PostgreSQL server is being stopped",
    "57P02": "The PostgreSQL server crashed and recovers",
    "57P03": "The PostgreSQL server is starting or stopping",
    "57P04": "The PostgreSQL database was deleted",
    "25P03": "The PostgreSQL server ended a transaction that stood still for too long",
    "25P04": "The PostgreSQL server ended a transaction that took too long",
    "28P01": "The PostgreSQL server refuses the user or the password in database_url",
    "28000": "The PostgreSQL server does not let this user in from here; see its pg_hba.conf",
    "3D000": "The PostgreSQL server has no such database; create it with `createdb`",
    "42501": "The PostgreSQL user may not use the tables; make it the owner of the database",
    "40001": "Too many changes of the same rows at once",
    "40P01": "Too many changes of the same rows at once",
    "58030": "The PostgreSQL server's disk reported an error",
    "XX001": "The PostgreSQL database is damaged",
    "XX002": "The PostgreSQL database is damaged",
}
_CLASSES = {
    "08": "The connection to the PostgreSQL server was lost",
    "53": "The PostgreSQL server lacks something it needs",
    "57": "The PostgreSQL server interrupted what it did",
    "58": "The PostgreSQL server's machine reported an error",
    "XX": "The PostgreSQL server failed",
}
#: The server undid the transaction because of others, and nothing is wrong with it.
_UNDONE = {"40001", "40P01"}


def cause_of(error: BaseException) -> BaseException:
    """What asyncpg raised, below SQLAlchemy's exceptions."""
    while isinstance(error, DBAPIError) or getattr(error, "__module__", "").startswith("sqlalchemy."):
        below = error.orig if isinstance(error, DBAPIError) else error.__cause__
        if below is None:
            return error
        error = below
    return error


def code(error: BaseException) -> str:
    """PostgreSQL's SQLSTATE of an exception, "" where there is none."""
    return getattr(cause_of(error), "sqlstate", None) or ""


def was_undone(error: BaseException) -> bool:
    """Whether the same unit may pass if it is run again: a deadlock or a serialization failure."""
    return code(error) in _UNDONE


def is_locked_out(error: BaseException) -> bool:
    """Whether somebody else kept a lock for longer than one waits for it."""
    return code(error) == "55P03"


def is_outage(error: BaseException) -> bool:
    """Whether the database failed, rather than the unit of work."""
    state = code(error)
    if state:
        return state in _SENTENCES or state[:2] in _CLASSES
    return isinstance(cause_of(error), TimeoutError)


def is_read_only(error: BaseException) -> bool:
    """Whether something wrote where nothing may be written."""
    return code(error) == "25006"


def is_misconfigured(error: BaseException) -> bool:
    """Whether the URL's parameters, not the server, are at fault."""
    is_unknown = code(error) == "42704"
    return is_unknown or isinstance(cause_of(error), asyncpg.exceptions.ClientConfigurationError)


def unavailable(error: BaseException, name: str) -> StoreUnavailable:
    """`StoreUnavailable` with a sentence for what the server said, or for its silence."""
    failure = StoreUnavailable(f"{_said(error)} ({name}{_in_brackets(error)}); nothing was stored.")
    failure.__cause__ = error
    return failure


def in_doubt(error: BaseException, name: str) -> StoreInDoubt:
    """For a connection that was lost while the server was asked to commit."""
    failure = StoreInDoubt(
        f"{_said(error)} ({name}{_in_brackets(error)}) just as it was to store something; whether it did is "
        "not known. Doing the same again is safe."
    )
    failure.__cause__ = error
    return failure


def _said(error: BaseException) -> str:
    state = code(error)
    if state:
        return _SENTENCES.get(state) or _CLASSES.get(state[:2], "The PostgreSQL database failed")
    cause = cause_of(error)
    if isinstance(cause, TimeoutError):
        return "The PostgreSQL server does not answer; see whether it runs and can be reached"
    if isinstance(cause, socket.gaierror):
        return "The PostgreSQL server's name is not known; correct database_url"
    if isinstance(cause, ssl.SSLError) or "rejected SSL" in str(cause):
        return "No trusted TLS connection to the PostgreSQL server comes about; see sslmode in database_url"
    if isinstance(cause, FileNotFoundError):
        return "The server's socket, or a file named in database_url, is not there; start it, or correct that"
    if isinstance(cause, ConnectionRefusedError):
        return "No PostgreSQL server answers there; start it, or correct database_url"
    return "The connection to the PostgreSQL server was lost; see whether it runs and can be reached"


def _in_brackets(error: BaseException) -> str:
    state = code(error)
    return f", code {state}" if state else ""
