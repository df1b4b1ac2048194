"""Rows that are read past SQLAlchemy are what it reads."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, LargeBinary, select, type_coerce
from sqlalchemy.exc import OperationalError, ProgrammingError

from tradewire.domain.message import Message
from tradewire.store.database import Store
from tradewire.store.inserting import RowInsert
from tradewire.store.schema import dedupe, metadata, signals
from tradewire.store.selecting import RowSelect

NOW = datetime(2026, 3, 2, 14, 30, 0, 1, UTC)
NAMES = ("id", "provider", "connection", "key_id", "source", "received_at", "accepted_at", "raw", "message")
MORE = ("strategy_id", "content_digest", "test", "status")


@pytest.fixture
def tables(store: Store) -> Store:
    def fill(conn: Connection) -> None:
        metadata.create_all(conn, tables=[signals, dedupe])
        RowInsert(signals, *NAMES, *MORE)(conn, [signal("a"), signal("b"), signal("c")])
        RowInsert(dedupe, "key", "signal_id", "expires_at")(conn, [("x", "s1", None), ("y'", "s2", NOW)])

    store.write_now(fill)
    return store


def signal(name: str) -> tuple[object, ...]:
    message = Message(strategy_id=name)
    return (name, "tradingview", "desk", "key", "::1", NOW, NOW, b"raw", message, name, "d", True, "accepted")


def test_they_are_decoded_as_sqlalchemy_decodes_them(tables: Store) -> None:
    columns = [signals.c[name] for name in (*NAMES, *MORE)]
    looked_up = tables.read_now(lambda conn: RowSelect(signals.c.id, *columns)(conn, ["a", "c", "none"]))
    by_sqlalchemy = tables.read_now(
        lambda conn: conn.execute(select(*columns).where(signals.c.id.in_(["a", "c"]))).all()
    )
    assert sorted(looked_up, key=lambda row: row[0]) == [tuple(row) for row in by_sqlalchemy]
    assert looked_up[0][-2] is True


def test_a_value_is_never_read_as_sql(tables: Store) -> None:
    look_up = RowSelect(dedupe.c.key, dedupe.c.signal_id, dedupe.c.expires_at)
    assert tables.read_now(lambda conn: look_up(conn, ["y'", "') OR 1=1 --"])) == [("s2", NOW)]


def test_a_column_may_be_read_as_another_type(tables: Store) -> None:
    look_up = RowSelect(signals.c.status, type_coerce(signals.c.message, LargeBinary))
    documents = tables.read_now(lambda conn: look_up(conn, ["accepted"]))
    assert b'"strategy_id":"a"' in b"".join(bytes(document) for (document,) in documents)


def test_nothing_is_asked_for_nothing(tables: Store) -> None:
    assert tables.read_now(lambda conn: RowSelect(signals.c.id, signals.c.id)(conn, [])) == []


def test_the_drivers_errors_are_those_of_sqlalchemy(store: Store) -> None:
    with pytest.raises((OperationalError, ProgrammingError), match="dedupe"):
        store.read_now(lambda conn: RowSelect(dedupe.c.key, dedupe.c.key)(conn, ["x"]))
