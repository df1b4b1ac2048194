"""Rows that go past SQLAlchemy are stored as it stores them."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from tradewire.domain.message import Action, Message
from tradewire.store.database import Store
from tradewire.store.inserting import RowInsert
from tradewire.store.schema import dedupe, metadata, signals
from tradewire.store.sqlite_engine import writing_engine

NOW = datetime(2026, 3, 2, 14, 30, 0, 1, UTC)
NAMES = ("id", "provider", "connection", "key_id", "source", "received_at", "accepted_at", "raw", "message")
MORE = ("strategy_id", "content_digest", "test", "status", "routed_at")
COLUMNS = (*NAMES, *MORE)


@pytest.fixture
def tables(store: Store) -> Store:
    store.write_now(lambda conn: metadata.create_all(conn, tables=[signals, dedupe]))
    return store


def row(name: str) -> tuple[Any, ...]:
    message = Message(strategy_id="grüße\x00", action=Action.BUY, symbol="AAPL")
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    return (
        *(name, "tradingview", "desk\x00", "key-1", "192.0.2.7", elsewhere, NOW, b"\x00raw", message),
        *("grüße\x00", "d" * 64, True, "accepted", None),
    )


def stored(conn: Connection) -> list[Any]:
    columns = [signals.c[name] for name in COLUMNS if name != "id"]
    return list(conn.execute(select(*columns).order_by(signals.c.seq)).all())


def test_a_row_is_stored_as_sqlalchemy_stores_it(tables: Store) -> None:
    def both(conn: Connection) -> list[Any]:
        RowInsert(signals, *COLUMNS)(conn, [row("one")])
        conn.execute(insert(signals), dict(zip(COLUMNS, row("two"), strict=True)))
        return stored(conn)

    one, two = tables.write_now(both)
    assert one == two


def test_several_rows_keep_their_order_and_none_is_nothing_to_do(tables: Store) -> None:
    def several(conn: Connection) -> list[str]:
        inserting = RowInsert(signals, *COLUMNS)
        inserting(conn, [])
        inserting(conn, [row(name) for name in ("b", "a", "c")])
        return list(conn.execute(select(signals.c.id).order_by(signals.c.seq)).scalars())

    assert tables.write_now(several) == ["b", "a", "c"]


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 63, 64, 100])
def test_any_number_of_rows_is_stored_in_its_order(tables: Store, count: int) -> None:
    names = [f"{(number * 37) % count}" for number in range(count)]

    def several(conn: Connection) -> list[str]:
        RowInsert(signals, *COLUMNS)(conn, [row(name) for name in names])
        return list(conn.execute(select(signals.c.id).order_by(signals.c.seq)).scalars())

    assert tables.write_now(several) == names


def test_they_are_undone_with_their_transaction(tmp_path: Path) -> None:
    engine = writing_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as conn:
        metadata.create_all(conn, tables=[dedupe])
    with engine.connect() as conn:
        RowInsert(dedupe, "key", "signal_id", "expires_at")(conn, [("k", "s1", None)])
        conn.rollback()
        assert conn.execute(select(dedupe.c.key)).all() == []
    engine.dispose()


def test_a_second_row_of_one_key_is_an_integrity_error(tables: Store) -> None:
    inserting = RowInsert(dedupe, "key", "signal_id", "expires_at")
    with pytest.raises(IntegrityError):
        tables.write_now(lambda conn: inserting(conn, [("k", "s1", None), ("k", "s2", NOW)]))


def test_a_time_without_a_zone_is_refused(tables: Store) -> None:
    inserting = RowInsert(dedupe, "key", "signal_id", "expires_at")
    with pytest.raises((ValueError, StatementError), match="a time without a zone cannot be stored"):
        tables.write_now(lambda conn: inserting(conn, [("k", "s1", NOW.replace(tzinfo=None))]))
