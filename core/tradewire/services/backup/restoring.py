"""Putting a backup into an empty database: as it was, migrated, verified, and with everything held back."""

from datetime import datetime
from typing import Any

from alembic import command
from sqlalchemy import Connection, delete, func, insert, inspect, select, text

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.ledger.verify import verify
from tradewire.security.sealing import Secrets
from tradewire.services.backup.archive import BackupManifest
from tradewire.services.backup.columns import target
from tradewire.services.backup.reading import Archive
from tradewire.services.backup.rows import refuse_unreadable, storable
from tradewire.services.backup.writing import Progress
from tradewire.services.holding import Cause, HeldBack, hold_back
from tradewire.store.migrations.scripts import configuration, known, newest
from tradewire.store.schema import account_states, accounts, key_checks, keys, metadata


class Restored(Struct):
    """What was restored: rows in all, what was held back, and places where the ledger does not hold."""

    rows: int
    held: HeldBack
    damage: tuple[str, ...]


def refuse_newer(manifest: BackupManifest) -> None:
    """Raises `Unhonoured` where only a newer Tradewire knows the backup's tables."""
    if manifest.revision not in known():
        raise Unhonoured(
            f"The backup's database is at revision {manifest.revision}, and this Tradewire knows {newest()} "
            f"at most: Tradewire {manifest.tradewire} made it. Install that one to restore it."
        )


def restore_into(
    conn: Connection,
    archive: Archive,
    *,
    secrets: Secrets | None,
    kept: Checkpoint | None,
    allow_damage: bool,
    now: datetime,
    progress: Progress | None = None,
) -> Restored:
    """Create the tables in the empty database of `conn` and fill them, in one transaction after another.

    `secrets` are those of the key file that will be beside it, to see that they open what is sealed; `kept`
    is the checkpoint that stands there. Raises `Unhonoured` with a sentence; the database is then to be
    thrown away. The ledger's damage is refused unless `allow_damage`.
    """
    manifest = archive.manifest
    refuse_newer(manifest)
    _migrate(conn, manifest.revision)
    with conn.begin():
        _refuse_incomplete(conn, manifest)
        for entry in manifest.tables:
            into = target(entry.name, entry.columns)
            names = [one.name for one in entry.columns]
            for block in archive.blocks(entry):
                with storable(entry.name):
                    conn.execute(insert(into), [dict(zip(names, row, strict=True)) for row in block])
                if progress is not None:
                    progress(len(block))
    _migrate(conn, newest())
    with conn.begin():
        refuse_unreadable(conn)
        _go_on_counting(conn)
        damage = _verify(conn, manifest, allow_damage)
        if secrets is None:
            # Another key file will stand there, and the database is to take it for its own.
            conn.execute(delete(key_checks))
        else:
            _check_key(conn, secrets)
        made = f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
        held = hold_back(conn, Cause.RESTORED, f"A backup of {made} was restored.", kept, now)
    return Restored(rows=manifest.rows, held=held, damage=damage)


def _refuse_incomplete(conn: Connection, manifest: BackupManifest) -> None:
    """Every table of the backup's revision once, with every column: what is left out would be lost unsaid."""
    there = inspect(conn)
    expected = {
        name: {column["name"] for column in there.get_columns(name)}
        for name in there.get_table_names()
        if name != "alembic_version"
    }
    told = [table.name for table in manifest.tables]
    odd = sorted(expected.keys() ^ set(told) | {name for name in told if told.count(name) > 1})
    for table in manifest.tables:
        columns = [column.name for column in table.columns]
        if table.name in expected and sorted(columns) != sorted(expected[table.name]):
            odd.append(table.name)
    if odd:
        raise Unhonoured(
            f"The backup is not whole: revision {manifest.revision} of the database has other tables or "
            f"columns ({', '.join(odd)}). It was changed after it was made. Nothing was restored; take "
            "another copy of it, or an older backup."
        )


def _migrate(conn: Connection, revision: str) -> None:
    command.upgrade(configuration(conn), revision)
    # alembic commits each migration, and has looked at the version once more since.
    conn.commit()


def _go_on_counting(conn: Connection) -> None:
    """PostgreSQL's sequences know nothing of rows that came with their number."""
    if conn.dialect.name != "postgresql":
        return
    for one in metadata.sorted_tables:
        counted = one.autoincrement_column
        if counted is None or counted.autoincrement is False:
            continue
        last = conn.execute(select(func.max(counted))).scalar()
        if last is not None:
            conn.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)"),
                {"name": one.name, "column": counted.name, "last": last},
            )


def _verify(conn: Connection, manifest: BackupManifest, allow_damage: bool) -> tuple[str, ...]:
    kept = []
    if manifest.number is not None and manifest.hash is not None and manifest.store_id is not None:
        kept.append(
            Checkpoint(
                number=manifest.number,
                hash=manifest.hash,
                at=manifest.made_at,
                store_id=manifest.store_id,
            )
        )
    found = verify(conn, kept)
    if not found.ok and not allow_damage:
        first = found.problems[0].sentence if found.problems else ""
        raise Unhonoured(
            f"The ledger in the backup was changed; places that do not hold: {found.found}. {first} "
            "Nothing was restored. Take another backup, or restore this one all the same with --damaged."
        )
    return tuple(one.sentence for one in found.problems)


def _check_key(conn: Connection, secrets: Secrets) -> None:
    """Open one of everything that is sealed."""
    sealed: tuple[Any, ...] = (
        key_checks.c.sealed,
        accounts.c.credentials,
        account_states.c.sealed,
        keys.c.sealed,
    )
    for column in sealed:
        value = conn.execute(select(column).where(column.is_not(None)).limit(1)).scalar()
        if value is None:
            continue
        try:
            secrets.unseal(value)
        except Unhonoured as refused:
            raise Unhonoured(
                "The key file in the data folder is not the one that the backup's credentials were sealed "
                "with. Nothing was restored; put the right secret.key there, or use --without-key."
            ) from refused
