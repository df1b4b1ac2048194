"""Putting a backup into a data folder: beside what is there, and in its place only once all is well."""

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.runtime.checkpoints import FILE, read
from tradewire.runtime.database_lock import lock_database
from tradewire.runtime.folder import DataFolder, write_private
from tradewire.runtime.restore_postgres import restore_postgres
from tradewire.security.key_file import load_key_file
from tradewire.security.sealing import Secrets
from tradewire.services.backup.key import open_key_file
from tradewire.services.backup.reading import Archive
from tradewire.services.backup.restoring import Restored, refuse_newer, restore_into
from tradewire.services.backup.writing import Progress
from tradewire.store.database import backend
from tradewire.store.sqlite_engine import create_private, database_path, migrating_engine, raw
from tradewire.store.sqlite_failures import is_outage, unavailable

_SIDE_FILES = ("-wal", "-shm")


class Choices(Struct):
    """`passphrase` opens the backup's key file, where it is wanted. `without_key`: go on though nobody can
    open what is sealed. `damaged`: though the ledger was changed before the backup was made."""

    passphrase: str | None = None
    without_key: bool = False
    damaged: bool = False

    def __repr__(self) -> str:
        return f"Choices(without_key={self.without_key}, damaged={self.damaged})"


class RestoredFolder(Struct):
    """`aside` is what stood there before (a file beside the database, or a schema in it); `key` is where the
    key file came from."""

    restored: Restored
    aside: str | None
    key: str


def restore_folder(
    folder: DataFolder,
    url: str,
    key_file: Path,
    archive: Archive,
    choices: Choices,
    clock: Clock,
    progress: Progress | None = None,
) -> RestoredFolder:
    """Restore into the database at `url`, with the lock of `folder` held by the caller.

    Raises `Unhonoured` or `StoreUnavailable` with a sentence; what was there is then untouched.
    """
    refuse_newer(archive.manifest)
    new_key, secrets, key = _key(key_file, archive, choices)
    restoring = partial(
        restore_into,
        archive=archive,
        secrets=secrets,
        kept=read(folder.path / FILE),
        allow_damage=choices.damaged,
        now=clock.now(),
        progress=progress,
    )
    if new_key is not None:
        # First, since without it nobody could open what is put in place.
        write_private(key_file, new_key)
    try:
        if backend(url) == "postgresql":
            restored, aside = restore_postgres(url, restoring, clock.now())
        else:
            restored, aside = _restore_sqlite(url, restoring, clock.now())
    except BaseException:
        if new_key is not None:
            key_file.unlink()
        raise
    return RestoredFolder(restored=restored, aside=aside, key=key)


def _restore_sqlite(
    url: str, restoring: Callable[[Connection], Restored], now: datetime
) -> tuple[Restored, str | None]:
    lock = lock_database(url)
    database = database_path(url)
    draft = database.with_name(f".{database.name}.restoring")
    _remove(draft)
    try:
        create_private(draft)
        engine = migrating_engine(f"sqlite:///{draft}")
        with engine.connect() as conn:
            restored = restoring(conn)
            raw(conn).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        engine.dispose()
        aside = _put_aside(database, now)
        draft.replace(database)
        _sync(database.parent)
    except (DBAPIError, sqlite3.Error) as error:
        if is_outage(error):
            raise unavailable(error, str(draft)) from error
        raise
    finally:
        _remove(draft)
        if lock is not None:
            lock.release()
    return restored, None if aside is None else aside.name


def _key(key_file: Path, archive: Archive, choices: Choices) -> tuple[bytes | None, Secrets | None, str]:
    """What is to be written as key file, the secrets that will stand there, and where they are from."""
    if key_file.exists():
        return None, None if choices.without_key else load_key_file(key_file), "folder"
    sealed = archive.sealed_key
    if sealed is not None and choices.passphrase is not None:
        content = open_key_file(sealed, choices.passphrase)
        return content, Secrets.from_bytes(content), "backup"
    if choices.without_key:
        return None, None, "none"
    inside = (
        "The backup holds it: give its passphrase" if sealed is not None else "The backup does not hold it"
    )
    raise Unhonoured(
        f"There is no key file at {key_file}, without which credentials and webhook keys cannot be "
        f"opened. {inside}; put its copy there, or go on with --without-key, and renew them all."
    )


def _put_aside(database: Path, now: datetime) -> Path | None:
    """Give what is there another name as well, and that name to its side files, which SQLite finds by it.

    At no moment is there no database: a start after a power cut would make an empty one.
    """
    if not database.exists():
        for end in _SIDE_FILES:
            database.with_name(database.name + end).unlink(missing_ok=True)
        return None
    aside = database.with_name(f"{database.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    if aside.exists():
        raise Unhonoured(f"{aside} exists already; move it away, and restore again.")
    for end in _SIDE_FILES:
        part = database.with_name(database.name + end)
        if part.exists():
            part.replace(aside.with_name(aside.name + end))
    try:
        os.link(database, aside)
    except OSError:
        # A file system without hard links.
        database.replace(aside)
    return aside


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(draft: Path) -> None:
    for end in ("", *_SIDE_FILES):
        draft.with_name(draft.name + end).unlink(missing_ok=True)
