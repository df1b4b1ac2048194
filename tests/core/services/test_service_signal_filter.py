"""The Signal Log is narrowed to any state that it shows, and shows those alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.services.history import (
    BLOCKED,
    DUPLICATE,
    FILLED,
    INVALID,
    PARENTS,
    UNKNOWN,
    WAITING,
    live_through,
    wait,
)
from tradewire.domain.order import ParentState
from tradewire.services.refusal import Refused
from tradewire.services.services import Services
from tradewire.services.signal_filter import SignalFilter
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders, signals
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def history(store: Store, clock: FakeClock, paper: str, breakout: str) -> None:
    def unit(conn: Any) -> None:
        live_through(conn, paper, breakout, clock.now())
        wait(conn, clock.now() + timedelta(minutes=5))

    store.write_now(unit)


def ids(services: Services, run: Run, status: SignalFilter) -> list[str]:
    return [one.id for one in run(services.signals.list(status=status)).items]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("accepted", [WAITING, UNKNOWN, BLOCKED, FILLED]),
        ("invalid", [INVALID]),
        ("duplicate", [DUPLICATE]),
        ("no_match", []),
        ("waiting", [WAITING]),
        ("unknown", [UNKNOWN]),
        ("working", []),
        ("blocked", [BLOCKED]),
        ("filled", [FILLED]),
        ("mixed", []),
        ("failed", []),
    ],
)
def test_a_state_has_the_signals_that_show_it(
    services: Services, run: Run, state: str, found: list[str]
) -> None:
    assert ids(services, run, SignalFilter(state)) == found


@pytest.mark.parametrize("state", [one for one in ParentState if not one.is_live])
def test_a_state_in_which_all_orders_ended_is_found(
    services: Services, run: Run, store: Store, state: ParentState
) -> None:
    mine = parent_orders.c.id == PARENTS[FILLED]
    store.write_now(lambda conn: conn.execute(update(parent_orders).where(mine).values(state=state.value)))
    assert FILLED in ids(services, run, SignalFilter(state.value))


def test_live_and_paused_orders_are_found(services: Services, run: Run, store: Store) -> None:
    def set_to(state: str) -> None:
        def unit(conn: Any) -> None:
            conn.execute(update(child_orders).values(state="acknowledged"))
            mine = parent_orders.c.id == PARENTS[UNKNOWN]
            conn.execute(update(parent_orders).where(mine).values(state=state, ended_at=None))

        store.write_now(unit)

    set_to("working")
    assert ids(services, run, SignalFilter.WORKING) == [UNKNOWN]
    set_to("paused")
    assert ids(services, run, SignalFilter.PAUSED) == [UNKNOWN]
    assert ids(services, run, SignalFilter.WORKING) == []


def test_orders_that_ended_differently_are_mixed_and_in_no_other_state(
    services: Services, run: Run, store: Store
) -> None:
    second = select(parent_orders).where(parent_orders.c.id == PARENTS[FILLED])

    def unit(conn: Any) -> None:
        twin = {**conn.execute(second).one()._mapping, "id": "b1" * 16, "algorithm_id": "other"}
        del twin["seq"]
        conn.execute(insert(parent_orders).values(**{**twin, "state": "cancelled"}))

    store.write_now(unit)
    assert ids(services, run, SignalFilter.MIXED) == [FILLED]
    assert ids(services, run, SignalFilter.FILLED) == []


def test_signals_that_failed_or_made_no_order_are_found(services: Services, run: Run, store: Store) -> None:
    mine = signals.c.id == WAITING

    def change(**values: Any) -> None:
        store.write_now(lambda conn: conn.execute(update(signals).where(mine).values(**values)))

    change(routed_at=signals.c.accepted_at)
    assert ids(services, run, SignalFilter.ROUTED) == [WAITING]
    change(outcome="failed")
    assert ids(services, run, SignalFilter.FAILED) == [WAITING]
    change(outcome="no_match")
    assert ids(services, run, SignalFilter.NO_MATCH) == [WAITING]
    assert ids(services, run, SignalFilter.ROUTED) == []


def test_pages_of_a_state_follow_each_other_without_gap_or_overlap(
    services: Services, run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All have an order that filled; every second one has another that did not, and is mixed.
    monkeypatch.setattr("tradewire.services.signals._AT_ONCE", 3)

    def unit(conn: Any) -> None:
        signal = dict(conn.execute(select(signals).where(signals.c.id == FILLED)).one()._mapping)
        order = dict(
            conn.execute(select(parent_orders).where(parent_orders.c.id == PARENTS[FILLED])).one()._mapping
        )
        del signal["seq"], order["seq"]
        for number in range(10):
            conn.execute(insert(signals).values(**{**signal, "id": f"s{number}"}))
            conn.execute(
                insert(parent_orders).values(**{**order, "id": f"p{number}", "signal_id": f"s{number}"})
            )
            if number % 2:
                other = {"id": f"q{number}", "signal_id": f"s{number}", "leg": 1, "state": "cancelled"}
                conn.execute(insert(parent_orders).values(**{**order, **other}))

    store.write_now(unit)
    seen, after = [], None
    while True:
        page = run(services.signals.list(status=SignalFilter.FILLED, limit=2, after=after))
        seen += [one.id for one in page.items]
        assert len(page.items) == 2
        if page.next is None:
            break
        after = page.next
    assert seen == ["s8", "s6", "s4", "s2", "s0", FILLED]


def test_a_limit_that_there_is_not_is_refused(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="from 1 to 500"):
        run(services.signals.list(status=SignalFilter.FILLED, limit=0))
