"""A ledger to try things on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.ledger.seal import seal
from tradewire.store.schema import ledger_entries, ledger_origin, ledger_seals, metadata

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def open_engine(path: Path | str) -> Engine:
    """SQLite with one writer at a time and real transactions, as the store opens it."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _manual(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    metadata.create_all(engine, tables=[ledger_entries, ledger_seals, ledger_origin])
    return engine


def entry(place: int = 0, **fields: Any) -> Entry:
    given: dict[str, Any] = {
        "at": NOON + timedelta(microseconds=place),
        "kind": EntryKind.SIGNAL_ACCEPTED,
        "signal_id": f"signal-{place}",
        "data": {"place": place},
    }
    return Entry(**(given | fields))


def fill(engine: Engine, count: int, *, sealed: bool = True) -> None:
    with engine.begin() as conn:
        append(conn, [entry(place) for place in range(1, count + 1)])
    if sealed:
        with engine.begin() as conn:
            assert seal(conn, limit=count) == count
