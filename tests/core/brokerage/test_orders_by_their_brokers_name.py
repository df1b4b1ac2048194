"""However many orders there ever were, one that a broker calls by its own name is found by an index."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.engine.acts import sent
from core.engine.bench import Bench, execution
from tradewire.brokerage.reconcile import foreign_orders
from tradewire.brokerage.report_rows import ReportRows
from tradewire.contract.broker import OrderState
from tradewire.domain.order import ChildState, Side
from tradewire.store.database import Store, open_store


@pytest.fixture
def store(sqlite_database_url: str) -> Iterator[Store]:
    store = open_store(sqlite_database_url)
    yield store
    store.close()


def plans(conn: Connection, act: Any) -> list[str]:
    """How SQLite finds what `act` reads of the child orders."""
    asked: list[tuple[str, Any]] = []

    def note(*event_: Any) -> None:
        asked.append((event_[2], event_[3]))

    event.listen(conn, "before_cursor_execute", note)
    act()
    event.remove(conn, "before_cursor_execute", note)
    return [
        str(row[3])
        for statement, parameters in asked
        if "FROM child_orders" in statement
        for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]


def test_a_report_that_gives_only_the_brokers_name_reads_no_more_than_its_order(bench: Bench) -> None:
    child = sent(bench, bench.ask())
    told = execution(child, "e", 1, client_id=None)

    def unit(conn: Connection) -> list[str]:
        found: list[ReportRows] = []
        how = plans(conn, lambda: found.append(ReportRows(conn, "acc", [told])))
        assert list(found[0].children) == [child.client_id]
        return how

    [how] = bench.store.read_now(unit)
    assert "ix_child_orders_broker_order" in how


def test_orders_of_others_are_told_apart_without_reading_every_order_of_ours(bench: Bench) -> None:
    child = sent(bench, bench.ask())
    orders = [
        OrderState(
            client_id=None,
            broker_order_id=name,
            instrument_id="AAPL",
            side=Side.BUY,
            quantity=child.quantity,
            filled=child.filled,
            state=ChildState.ACKNOWLEDGED,
        )
        for name in (f"b-{child.client_id}", "another")
    ]

    def unit(conn: Connection) -> list[str]:
        found: list[Any] = []
        how = plans(conn, lambda: found.extend(foreign_orders(conn, "acc", orders)))
        assert len(found) == 1
        return how

    how = bench.store.read_now(unit)
    assert any("ix_child_orders_broker_order" in one for one in how)
    assert not any(one.startswith("SCAN child_orders") for one in how)
