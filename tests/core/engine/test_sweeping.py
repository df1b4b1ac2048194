"""What the sweeper finds due, and how an algorithm's validity ends."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from core.engine.acts import filled, limit, sent
from core.engine.bench import Bench
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.message import Action
from tradewire.domain.order import ParentState
from tradewire.engine.bells import Bells
from tradewire.engine.claims import Claims
from tradewire.engine.single_flight import SingleFlight
from tradewire.engine.sweeper import Due, Sweeper, expire, what_is_due
from tradewire.settings import EngineSettings
from tradewire.store.schema import algorithms, ledger_entries


def due(bench: Bench) -> Due:
    return bench.store.read_now(lambda conn: what_is_due(conn, bench.clock.now()))


def test_nothing_is_due_once_all_is_done(bench: Bench) -> None:
    filled(bench, bench.ask(), 10)
    assert due(bench) == Due()


def test_a_signal_whose_ring_was_lost_is_found(bench: Bench) -> None:
    bench.signal()
    found = due(bench)
    assert found.route
    assert found.oldest == bench.clock.now()


def test_a_pending_order_and_an_unsent_one_are_found(bench: Bench) -> None:
    bench.signal()
    bench.route()
    assert due(bench).accounts == {"acc"}
    bench.work()
    assert due(bench).unsent == {"acc"}
    assert due(bench).accounts == frozenset()


def test_when_its_validity_ends_an_algorithm_stops_and_its_entries_are_cancelled(bench: Bench) -> None:
    until = bench.clock.now() + timedelta(seconds=10)
    bench.change_algorithm("alg", valid_until=until)
    resting = bench.ask(**limit(5))
    child = sent(bench, resting)
    bench.later(10)
    assert bench.write(expire, now=bench.clock.now()) == {"acc"}
    bench.work()
    (row,) = bench.rows(algorithms)
    assert (row.document.state, row.state) == (AlgorithmState.STOPPED, "stopped")
    assert [one.client_id for one in bench.desk.cancels] == [child.client_id]
    assert bench.parent(resting).cancel_requested


def test_each_cancel_of_an_expired_algorithm_stands_in_the_ledger_once(bench: Bench) -> None:
    cancelled = bench.ask(**limit(5))
    sent(bench, cancelled)
    bench.ask(action=Action.CANCEL)
    orders = [bench.ask(**limit(5)), bench.ask(symbol="MSFT", **limit(5))]
    for one in orders:
        sent(bench, one)
    pending = bench.signal()
    bench.route()
    bench.change_algorithm("alg", valid_until=bench.clock.now())
    bench.write(expire, now=bench.clock.now())
    asked = [row for row in bench.rows(ledger_entries) if row.kind == "parent.cancel_requested"]
    assert [row.parent_id for row in asked] == [bench.parent(one).id for one in (cancelled, *orders, pending)]
    assert all(b"Its validity ended" in row.body for row in asked[1:])
    bench.work()
    assert len([kind for kind in bench.kinds() if kind == "parent.cancel_requested"]) == 4
    assert bench.parent(pending).state is ParentState.CANCELLED


def test_an_exit_under_way_outlives_its_algorithms_validity(bench: Bench) -> None:
    filled(bench, bench.ask(quantity=Decimal(10)), 10)
    leave = bench.ask(action=Action.EXIT)
    bench.change_algorithm("alg", valid_until=bench.clock.now())
    bench.write(expire, now=bench.clock.now())
    bench.work()
    assert not bench.parent(leave).cancel_requested
    filled(bench, leave, 10)
    assert bench.parent(leave).state is ParentState.FILLED


def test_an_algorithm_without_an_end_never_expires(bench: Bench) -> None:
    bench.later(1e9)
    assert bench.write(expire, now=bench.clock.now()) == frozenset()


def test_a_job_asked_for_while_it_runs_runs_once_more() -> None:
    flight = SingleFlight()
    runs: list[int] = []

    def job() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            flight.run("key", job)
            flight.run("key", job)

    flight.run("key", job)
    assert runs == [0, 1]


def test_a_job_that_failed_can_run_again() -> None:
    flight = SingleFlight()

    def fails() -> None:
        raise ValueError("once")

    for _ in range(2):
        with pytest.raises(ValueError, match="once"):
            flight.run("key", fails)


def test_a_sweep_that_fails_is_followed_by_the_next(bench: Bench) -> None:
    sweeps: list[int] = []

    class Broken:
        async def sweep(self) -> None:
            sweeps.append(len(sweeps))
            if len(sweeps) == 1:
                raise ValueError("a defect")

        def holds(self, account_id: str) -> bool:
            return True

    async def go() -> None:
        swept = asyncio.Event()
        sweeper = Sweeper(
            bench.store,
            bench.clock,
            Bells(),
            EngineSettings(sweep_s=0.001),
            cast(Claims, Broken()),
            lambda account_id: swept.set(),
            nothing_decided,
        )
        sweeping = asyncio.create_task(sweeper.run())
        await swept.wait()
        sweeping.cancel()

    bench.ask()
    asyncio.run(go())
    assert len(sweeps) == 2


def test_of_an_account_that_another_process_serves_nothing_is_due(bench: Bench) -> None:
    bench.signal()
    bench.route()
    due = bench.store.read_now(lambda conn: what_is_due(conn, bench.clock.now(), lambda account_id: False))
    assert due == Due()


def nothing_decided(account_id: str) -> None:
    raise AssertionError(account_id)
