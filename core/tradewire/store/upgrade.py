"""Brings a database to the tables this code is written for."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.store.database import StoreUnavailable, backend, unhonoured_backend
from tradewire.store.migrations.scripts import configuration, known, newest
from tradewire.store.sqlite_engine import create_private, database_path, migrating_engine, raw
from tradewire.store.sqlite_failures import is_outage, unavailable


class Upgraded(Struct):
    """From which revision to which; `before` is None for a new database, `backup` if nothing was at risk."""

    before: str | None
    after: str
    backup: Path | None = None


def upgrade(url: str) -> Upgraded:
    """Create or migrate the database at `url`, one transaction a migration.

    A SQLite file, which nothing else may have open, is first copied beside itself if it already holds
    something, to `tradewire.db.before-<revision>`. PostgreSQL is migrated by one process at a time while
    others wait; there the copy is its owner's (`pg_dump`). Raises `Unhonoured` for a database this code does
    not know, `StoreUnavailable` where the disk or the server fails.
    """
    kind = backend(url)
    if kind == "postgresql":
        from tradewire.store.postgres_upgrade import on_postgres

        return on_postgres(url, _upgrade)
    if kind != "sqlite":
        raise unhonoured_backend(url)
    path = database_path(url)
    try:
        create_private(path)
        with migrating_engine(url).connect() as connection:
            return _upgrade(connection, str(path), path)
    except OSError as error:
        raise StoreUnavailable(f"The database {path} cannot be opened: {error.strerror}.") from error
    except (DBAPIError, sqlite3.Error) as error:
        if is_outage(error):
            raise unavailable(error, str(path)) from error
        raise


def _upgrade(connection: Connection, name: str, file: Path | None = None) -> Upgraded:
    before, after = _revision(connection, name, file), newest()
    if before == after:
        return Upgraded(before=before, after=after)
    backup = None if before is None or file is None else _back_up(raw(connection), file, after)
    command.upgrade(configuration(connection), after)
    return Upgraded(before=before, after=after, backup=backup)


def _revision(connection: Connection, name: str, file: Path | None) -> str | None:
    with connection.begin():
        tables = inspect(connection).get_table_names()
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None and set(tables) - {"alembic_version"}:
        raise Unhonoured(f"{name} is another program's database; choose another with database_url.")
    if revision is not None and revision not in known():
        copy = "your copy of before" if file is None else f"the copy it made ({file.name}.before-…)"
        raise Unhonoured(
            f"The database {name} is at revision {revision}, and this Tradewire knows {newest()} at most: "
            f"a newer Tradewire wrote it. Install that one again, or put back {copy}."
        )
    return revision


def _back_up(source: sqlite3.Connection, path: Path, revision: str) -> Path:
    target = path.with_name(f"{path.name}.before-{revision}")
    draft = target.with_name(f".{target.name}")
    draft.unlink(missing_ok=True)
    create_private(draft)
    copy = sqlite3.connect(draft)
    try:
        source.backup(copy)
    finally:
        copy.close()
    return draft.replace(target)
