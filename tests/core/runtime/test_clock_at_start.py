"""The clock was set back while Tradewire was stopped."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from core.engine.bench import Bench
from tradewire.domain.order import OrderType
from tradewire.runtime.clock_at_start import wake_if_set_back
from tradewire.store.database import open_store
from tradewire.store.schema import parent_orders


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    """An order that waits for its next look, two seconds after everything else."""
    store = open_store(database_url)
    bench = Bench(store)
    bench.account()
    bench.algorithm()
    bench.ask(order_type=OrderType.LIMIT, limit_price=Decimal(90))
    bench.store.write_now(
        lambda conn: conn.execute(
            update(parent_orders).values(wake_at=bench.clock.now() + timedelta(seconds=2))
        ).close()
    )
    yield bench
    store.close()


def started(bench: Bench, later: timedelta) -> timedelta | None:
    now = bench.clock.now() + later
    return bench.store.write_now(lambda conn: wake_if_set_back(conn, now))


def test_what_waits_for_the_time_of_before_is_looked_at_at_once(bench: Bench) -> None:
    now = bench.clock.now() - timedelta(hours=2)
    assert started(bench, timedelta(hours=-2)) == timedelta(hours=2)
    [parent] = bench.parents()
    assert parent.wake_at == now


@pytest.mark.parametrize("seconds", [-0.5, 0, 1, 86_400])
def test_a_clock_that_went_on_or_was_slewed_wakes_nothing(bench: Bench, seconds: float) -> None:
    [before] = bench.parents()
    assert started(bench, timedelta(seconds=seconds)) is None
    assert bench.parents() == [before]


def test_an_empty_ledger_tells_of_no_step(database_url: str) -> None:
    store = open_store(database_url)
    now = Bench(store).clock.now()
    assert store.write_now(lambda conn: wake_if_set_back(conn, now)) is None
    store.close()
