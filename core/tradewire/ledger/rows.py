"""The tables as they are, in blocks. Values are not converted: tampering may have put anything there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select, type_coerce
from sqlalchemy.types import NullType

from tradewire.store.schema.ledger import ledger_entries, ledger_seals

BLOCK = 5000


class Row(NamedTuple):
    """A seal beside its entry; `body` is None where the entry is gone, the other columns as stored."""

    number: int
    seq: int
    hash: Any
    body: Any
    at: Any
    kind: Any
    signal_id: Any
    parent_id: Any
    account_id: Any
    algorithm_id: Any


@contextmanager
def legible(conn: Connection) -> Iterator[None]:
    """Until the block ends, text that is not UTF-8 is read as well: SQLite stores any bytes as text."""
    if conn.dialect.name != "sqlite":
        yield
        return
    driver: Any = conn.connection.driver_connection
    before, driver.text_factory = driver.text_factory, _decoded
    try:
        yield
    finally:
        driver.text_factory = before


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column without the conversion of its type."""
    return type_coerce(column, NullType())


_repeated = [
    raw(ledger_entries.c[name])
    for name in ("body", "at", "kind", "signal_id", "parent_id", "account_id", "algorithm_id")
]


def sealed(conn: Connection, first: int, last: int) -> Iterator[list[Row]]:
    """Blocks of the seals numbered `first` to `last`, both included, with their entries."""
    seals = ledger_seals.c
    statement = select(seals.number, seals.entry_seq, raw(seals.hash), *_repeated).select_from(
        ledger_seals.outerjoin(ledger_entries, ledger_entries.c.seq == seals.entry_seq)
    )
    after = first - 1
    while True:
        block = (
            statement.where(seals.number > after, seals.number <= last).order_by(seals.number).limit(BLOCK)
        )
        rows = [*map(Row._make, conn.execute(block))]
        if not rows:
            return
        yield rows
        after = rows[-1].number


def unsealed(conn: Connection, last: int) -> Iterator[Row]:
    """Entries that no seal numbered up to `last` points to, in order of seq; their `number` is 0."""
    sealed_by = exists().where(
        ledger_seals.c.entry_seq == ledger_entries.c.seq, ledger_seals.c.number <= last
    )
    statement = select(ledger_entries.c.seq, *_repeated).where(~sealed_by).order_by(ledger_entries.c.seq)
    for seq, *columns in conn.execute(statement):
        yield Row(0, seq, None, *columns)


def body_bytes(body: Any) -> bytes:
    """A body's bytes; SQLite lets tampering turn a blob into text or a number."""
    return body if isinstance(body, bytes) else str(body).encode()
