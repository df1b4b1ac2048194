"""Writing: entries go in with the change they tell of, in the same transaction."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert

from tradewire.domain.ledger import Entry
from tradewire.ledger.canonical import body
from tradewire.store.schema.ledger import ledger_entries

_INSERT = insert(ledger_entries)


def append(conn: Connection, entries: Iterable[Entry]) -> None:
    """Add `entries` in the order given.

    Raises `TypeError` or `ValueError` (see `canonical.body`) before any is written.
    """
    rows = [
        {
            "at": entry.at,
            "kind": entry.kind.value,
            "signal_id": entry.signal_id,
            "parent_id": entry.parent_id,
            "account_id": entry.account_id,
            "algorithm_id": entry.algorithm_id,
            "body": body(entry),
        }
        for entry in entries
    ]
    if rows:
        conn.execute(_INSERT, rows)
