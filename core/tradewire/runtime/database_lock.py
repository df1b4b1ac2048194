"""The lock beside a SQLite file: settings of two data folders may name the same one."""

from pathlib import Path

from tradewire.contract.errors import Unhonoured
from tradewire.runtime.file_lock import FileLock, LockHeld
from tradewire.store.database import StoreUnavailable, backend
from tradewire.store.sqlite_engine import database_path


class DatabaseInUse(Unhonoured):
    """Another Tradewire holds the database's lock; `pid` is its process, None if it left no number."""

    def __init__(self, database: Path, held: LockHeld) -> None:
        super().__init__(
            f"A Tradewire of another data folder is at work on the database {database} ({held.who}). "
            "Stop it first, or give this one a database of its own (database_url, TRADEWIRE_DATABASE_URL)."
        )
        self.pid = held.pid


def lock_database(url: str) -> FileLock | None:
    """Hold the database at `url` until the lock is released; None for one that processes share.

    Links are followed first, so that two names of one file are one lock. Raises `DatabaseInUse`, and
    `StoreUnavailable` where the file's folder cannot be written.
    """
    if backend(url) != "sqlite":
        return None
    database = database_path(url).resolve()
    lock = FileLock(database.with_name(f"{database.name}.lock"))
    try:
        lock.take()
    except LockHeld as held:
        raise DatabaseInUse(database, held) from None
    except OSError as error:
        raise StoreUnavailable(f"The database {database} cannot be opened: {error.strerror}.") from error
    return lock
