"""Exporting sealed entries so that whoever receives the file can verify it without the database."""

import csv
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, func, select

from tradewire.contract.errors import Unhonoured
from tradewire.ledger.chain import genesis, store_id
from tradewire.ledger.read import decode_body
from tradewire.ledger.rows import Row, body_bytes, sealed
from tradewire.store.schema.ledger import ledger_seals

#: The columns of a CSV export, in order.
COLUMNS = (
    "number",
    "seq",
    "at",
    "kind",
    "signal_id",
    "parent_id",
    "client_id",
    "account_id",
    "algorithm_id",
    "by",
    "reason",
    "body",
    "previous",
    "hash",
)
#: What a spreadsheet may take for the start of a formula, and the apostrophe that marks a defused cell.
RISKY = tuple("=+-@\t\r\n＝＋－＠'")


class Text(Protocol):
    """Where an export goes: a text file opened with `encoding="utf-8", newline=""`, or alike."""

    def write(self, text: str, /) -> object: ...


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed entry in an export; `body` is exactly the bytes that are chained, hashes are hex."""

    number: int
    seq: int
    previous: str
    hash: str
    body: msgspec.Raw


def export_jsonl(conn: Connection, out: Text, first: int = 1, last: int | None = None) -> int:
    """Write entries numbered `first` to `last` (None: all sealed), a JSON object a line; how many.

    Raises `Unhonoured` if a seal's entry is gone or unreadable.
    """
    count = 0
    for line in _lines(conn, first, last):
        out.write(msgspec.json.encode(line).decode() + "\n")
        count += 1
    return count


def export_csv(conn: Connection, out: Text, first: int = 1, last: int | None = None) -> int:
    """The same as RFC 4180 CSV with a header; cells that a spreadsheet could run are defused."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for line in _lines(conn, first, last):
        writer.writerow(cells(line))
        count += 1
    return count


def cells(line: Line) -> list[str]:
    """A line as the cells of a CSV row, in the order of `COLUMNS`."""
    body: dict[str, Any] = msgspec.json.decode(line.body)
    own = {
        "number": str(line.number),
        "seq": str(line.seq),
        "body": bytes(line.body).decode(),
        "previous": line.previous,
        "hash": line.hash,
    }
    return [defuse(own.get(name) or body.get(name) or "") for name in COLUMNS]


def defuse(cell: str) -> str:
    """The cell with an apostrophe before it if it starts with one of `RISKY`; taking off one restores it."""
    return "'" + cell if cell.startswith(RISKY) else cell


def _lines(conn: Connection, first: int, last: int | None) -> Iterator[Line]:
    if first < 1:
        raise Unhonoured(f"Entries are numbered from 1; an export cannot start with {first}.")
    highest: int = conn.execute(select(func.max(ledger_seals.c.number))).scalar_one() or 0
    previous = _hash_before(conn, first)
    for block in sealed(conn, first, highest if last is None else min(last, highest)):
        for row in block:
            own = body_bytes(row.hash).hex()
            body = msgspec.Raw(_readable(row))
            yield Line(number=row.number, seq=row.seq, previous=previous, hash=own, body=body)
            previous = own


def _readable(row: Row) -> bytes:
    if row.body is not None:
        body = body_bytes(row.body)
        try:
            decode_body(body)
            return body
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    raise Unhonoured(
        f"Entry {row.number} is sealed, and its body is gone or is no entry, so the ledger cannot be "
        "exported whole. Run `tradewire audit verify`, or export the entries before and after it."
    )


def _hash_before(conn: Connection, first: int) -> str:
    if first == 1:
        return genesis(store_id(conn) or "").hex()
    found = conn.execute(select(ledger_seals.c.hash).where(ledger_seals.c.number == first - 1)).scalar()
    return "" if found is None else bytes(found).hex()
