"""Writing a backup from one snapshot of the database, block by block."""

import zipfile
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import IO, Protocol, cast

import msgspec
from sqlalchemy import Connection, Table, func, select, text

from tradewire.ledger.checkpoint import checkpoint
from tradewire.services.backup.archive import (
    ABOUT,
    FORMAT,
    MANIFEST,
    README,
    BackupManifest,
    TableEntry,
    member,
)
from tradewire.services.backup.columns import described, selected
from tradewire.store.schema import ledger_seals, metadata

_BLOCK = 1_000
_encode = msgspec.json.Encoder()

Progress = Callable[[int], None]


class Writable(Protocol):
    """What a backup is written to; `seek` is not needed."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


def write_archive(
    conn: Connection, out: Writable, now: datetime, version: str, progress: Progress | None = None
) -> BackupManifest:
    """Write everything that `conn` sees to `out`; `progress` is told of rows.

    `conn` must see one snapshot for as long as this runs.
    """
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED) as archive:
        _take_time(conn)
        archive.writestr(README, ABOUT)
        tables = tuple(_table(conn, archive, one, now, progress) for one in metadata.sorted_tables)
        manifest = _manifest(conn, tables, now, version)
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def _take_time(conn: Connection) -> None:
    """A server that ends slow transactions must not end this one, however slowly somebody reads."""
    if conn.dialect.name == "postgresql":
        for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
            conn.execute(text(f"SET LOCAL {limit} = 0"))


def _table(
    conn: Connection, archive: zipfile.ZipFile, source: Table, now: datetime, progress: Progress | None
) -> TableEntry:
    count, digest = 0, sha256()
    query = select(*selected(source)).order_by(*source.primary_key.columns)
    found = conn.execution_options(yield_per=_BLOCK).execute(query)
    info = zipfile.ZipInfo(member(source.name), now.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as file:
        for block in found.partitions(_BLOCK):
            lines = _encode.encode_lines([tuple(row) for row in block])
            digest.update(lines)
            file.write(lines)
            count += len(block)
            if progress is not None:
                progress(len(block))
    return TableEntry(name=str(source.name), columns=described(source), rows=count, sha256=digest.hexdigest())


def _manifest(
    conn: Connection, tables: tuple[TableEntry, ...], now: datetime, version: str
) -> BackupManifest:
    sealed = conn.execute(select(func.count()).select_from(ledger_seals)).scalar()
    last = checkpoint(conn, now) if sealed else None
    return BackupManifest(
        format=FORMAT,
        tradewire=version,
        revision=str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()),
        database=conn.dialect.name,
        made_at=now,
        store_id=None if last is None else last.store_id,
        number=None if last is None else last.number,
        hash=None if last is None else last.hash,
        tables=tables,
    )
