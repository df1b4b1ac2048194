"""Reading entries back, for the pages, the CLI and the API."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import Entry, EntryKind, Recorded
from tradewire.ledger.rows import raw
from tradewire.store.schema.ledger import ledger_entries, ledger_seals


class Body(Entry):
    """A body as it is decoded: Decimals and times in `data` come back as the text they were stored as."""

    data: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every struct a copy


decode_body = msgspec.json.Decoder(Body).decode


def of_signal(conn: Connection, signal_id: str) -> list[Recorded]:
    """Everything that happened because of a signal, oldest first."""
    return _read(conn, _all().where(ledger_entries.c.signal_id == signal_id).order_by(ledger_entries.c.seq))


def of_parent(conn: Connection, parent_id: str) -> list[Recorded]:
    """Everything that happened to a parent order and its children, oldest first."""
    return _read(conn, _all().where(ledger_entries.c.parent_id == parent_id).order_by(ledger_entries.c.seq))


def tail(
    conn: Connection,
    limit: int = 100,
    *,
    before: int | None = None,
    kinds: Collection[EntryKind] = (),
    signal_id: str | None = None,
    parent_id: str | None = None,
    account_id: str | None = None,
    algorithm_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Recorded]:
    """The newest `limit` entries that pass every filter given, newest first.

    `before` is a seq, excluded, for paging back; `since` <= at < `until`. Do not follow by seq: a lower one
    may be committed after a higher one. Who follows the ledger goes by the numbers of what is sealed
    (`export`).
    """
    entries = ledger_entries.c
    wanted = {
        entries.signal_id: signal_id,
        entries.parent_id: parent_id,
        entries.account_id: account_id,
        entries.algorithm_id: algorithm_id,
    }
    statement = _all().where(*(column == value for column, value in wanted.items() if value is not None))
    if kinds:
        statement = statement.where(entries.kind.in_([kind.value for kind in kinds]))
    if before is not None:
        statement = statement.where(entries.seq < before)
    if since is not None:
        statement = statement.where(entries.at >= since)
    if until is not None:
        statement = statement.where(entries.at < until)
    return _read(conn, statement.order_by(entries.seq.desc()).limit(limit))


def _all() -> Select[Any]:
    joined = ledger_entries.outerjoin(ledger_seals, ledger_seals.c.entry_seq == ledger_entries.c.seq)
    return select(ledger_entries.c.seq, ledger_seals.c.number, raw(ledger_entries.c.body)).select_from(joined)


def _read(conn: Connection, statement: Select[Any]) -> list[Recorded]:
    return [_recorded(seq, number, body) for seq, number, body in conn.execute(statement)]


def _recorded(seq: int, number: int | None, body: bytes | str) -> Recorded:
    try:
        read = decode_body(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unhonoured(
            f"The ledger's entry with seq {seq} cannot be read ({error}). "
            "Run `tradewire audit verify` to see whether the ledger was changed."
        ) from error
    return Recorded(seq=seq, number=number, **msgspec.structs.asdict(read))
