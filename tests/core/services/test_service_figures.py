"""The figures that stand in the database."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from core.services.history import BLOCKED, live_through
from tradewire.ledger.seal import seal
from tradewire.services.figures import Figures, read_figures
from tradewire.store.database import Store
from tradewire.store.schema import parent_orders, signals
from tradewire.testing.clock import FakeClock


@pytest.fixture
def figures(store: Store, clock: FakeClock) -> Callable[[], Figures]:
    return lambda: store.read_now(lambda conn: read_figures(conn, clock.now(), 30.0))


def test_of_an_empty_database_nothing_waits(figures: Callable[[], Figures]) -> None:
    found = figures()
    assert (found.parents, found.children, found.accounts) == ({}, {}, ())
    assert (found.unrouted_s, found.due_s, found.unsealed_s, found.workers) == (0.0, 0.0, 0.0, 0)


def test_what_lives_and_what_waits_is_counted_with_its_age(
    figures: Callable[[], Figures], store: Store, clock: FakeClock, paper: str, breakout: str
) -> None:
    start = clock.now()

    def unit(conn: Any) -> None:
        live_through(conn, paper, breakout, start)
        conn.execute(update(signals).where(signals.c.id == BLOCKED).values(routed_at=None))
        conn.execute(update(parent_orders).where(parent_orders.c.ended_at.is_(None)).values(wake_at=start))

    store.write_now(unit)
    clock.advance(100)
    found = figures()
    assert (found.parents, found.children) == ({"working": 1}, {"unknown": 1})
    assert (found.unrouted, round(found.unrouted_s)) == (1, 40)
    assert found.due_s == 100.0
    assert found.unsealed > 0
    assert [(one.name, one.ready, one.lease_s) for one in found.accounts] == [("paper", False, 0.0)]
    store.write_now(seal)
    assert (figures().unsealed, figures().unsealed_s) == (0, 0.0)
