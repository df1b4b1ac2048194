"""Writing: entries go in with the change they tell of, in the same transaction."""

from collections.abc import Iterable

from sqlalchemy import Connection

from tradewire.domain.ledger import Entry
from tradewire.ledger.canonical import body
from tradewire.store.inserting import RowInsert
from tradewire.store.schema.ledger import ledger_entries

_INSERT = RowInsert(
    ledger_entries, "at", "kind", "signal_id", "parent_id", "account_id", "algorithm_id", "body"
)


def append(conn: Connection, entries: Iterable[Entry]) -> None:
    """Add `entries` in the order given.

    Raises `TypeError` or `ValueError` (see `canonical.body`) before any is written.
    """
    rows = [
        (
            entry.at,
            entry.kind.value,
            entry.signal_id,
            entry.parent_id,
            entry.account_id,
            entry.algorithm_id,
            body(entry),
        )
        for entry in entries
    ]
    _INSERT(conn, rows)
