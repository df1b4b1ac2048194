"""Verifying a database: the chain over the stored bytes, the columns that repeat them, and checkpoints."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, func, select

from tradewire.domain.base import Struct
from tradewire.ledger.chain import store_id
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.ledger.damage import Damage, Verification
from tradewire.ledger.rows import Row, body_bytes, legible, sealed, unsealed
from tradewire.ledger.walk import ChainWalk, start_of
from tradewire.store.schema.ledger import ledger_seals
from tradewire.store.types import Utc


class _Repeated(Struct):
    at: datetime
    kind: str
    signal_id: str | None = None
    parent_id: str | None = None
    account_id: str | None = None
    algorithm_id: str | None = None


_decode = msgspec.json.Decoder(_Repeated).decode
_utc = Utc()
_AT = Row._fields.index("at")


def verify(
    conn: Connection,
    checkpoints: Sequence[Checkpoint] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Go through the whole ledger, reading only. `progress` is called with (entries done, entries in all)."""
    with legible(conn):
        return _verify(conn, checkpoints, progress)


def _verify(
    conn: Connection, checkpoints: Sequence[Checkpoint], progress: Callable[[int, int], None] | None
) -> Verification:
    total = conn.execute(select(func.count()).select_from(ledger_seals)).scalar_one()
    last = conn.execute(select(func.max(ledger_seals.c.number))).scalar_one() or 0
    store = store_id(conn)
    walk = ChainWalk(1, start_of(store), checkpoints)
    if store is None and total:
        walk.note(Damage.DELETED, None, "The row that names this ledger (ledger_origin) is gone or damaged.")
    highest = 0
    for block in sealed(conn, -(2**62), last):
        for row in block:
            highest = max(highest, row.seq) if isinstance(row.seq, int) else highest
            _check(walk, row, conn.dialect)
        if progress is not None:
            progress(walk.entries, total)
    waiting = 0
    for row in unsealed(conn, last):
        if row.seq <= highest:
            walk.note(
                Damage.INSERTED,
                None,
                f"The row with seq {row.seq} was never sealed, yet later ones were: it was inserted.",
            )
        else:
            waiting += 1
            _compare(walk, row, conn.dialect)
    return walk.finish(store, waiting)


def _check(walk: ChainWalk, row: Row, dialect: Dialect) -> None:
    # SQLite stores text in an integer column if told to; such a seal points to no entry.
    body = None if row.body is None or not isinstance(row.seq, int) else body_bytes(row.body)
    if walk.step(row.number, row.seq, body_bytes(row.hash), body):
        _compare(walk, row, dialect)


def _compare(walk: ChainWalk, row: Row, dialect: Dialect) -> None:
    """Note a column that does not repeat the body."""
    where = f"Entry {row.number}" if row.number else f"The unsealed entry with seq {row.seq}"
    different = _different(row, dialect)
    if different:
        walk.note(Damage.EDITED, row.number or None, f"{where} was edited: {different}.")


def _different(row: Row, dialect: Dialect) -> str | None:
    if not isinstance(row.body, bytes):
        return "its body is no longer stored as bytes"
    try:
        body = _decode(row.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "its body is not an entry"
    at: Any = _utc.process_bind_param(body.at, dialect) if body.at.tzinfo else None
    expected = (at, body.kind, body.signal_id, body.parent_id, body.account_id, body.algorithm_id)
    if row[_AT:] == expected:
        return None
    names = [
        name for name, is_, was in zip(Row._fields[_AT:], row[_AT:], expected, strict=True) if is_ != was
    ]
    return f"in the table, {' and '.join(names)} {'is' if len(names) == 1 else 'are'} not what its body says"
