"""Verdicts, and what they do to an order and to its later children."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import (
    Told,
    ended,
    filled,
    limit,
    only_child,
    place,
    scripted,
    sent,
)
from core.engine.bench import Bench, execution
from tradewire import (
    Decision,
    GuardedOrder,
    Step,
    Verdict,
    allow,
)
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import AlgorithmState, Plugged
from tradewire.domain.message import Action
from tradewire.domain.order import ParentState
from tradewire.store.database import Store
from tradewire.store.schema import verdicts


def test_every_verdict_is_stored_with_the_admission(bench: Bench) -> None:
    bench.ask()
    (row,) = bench.rows(verdicts)
    assert {"kill_switch", "duplicate_signal", "stale_signal", "validity"} <= {
        one.guardian for one in row.document
    }


def test_the_same_content_again_within_the_window_is_blocked(bench: Bench) -> None:
    first, again = bench.signal(digest="same"), bench.signal(digest="same")
    bench.route()
    bench.work()
    assert bench.parent(first).state is ParentState.WORKING
    assert (bench.parent(again).state, bench.parent(again).reason) == (ParentState.BLOCKED, "duplicate")


def test_a_stopped_algorithm_opens_nothing_and_still_exits(bench: Bench) -> None:
    filled(bench, bench.ask(), 10)
    enter, leave = bench.signal(), bench.signal(action=Action.EXIT)
    bench.route()
    bench.change_algorithm("alg", state=AlgorithmState.STOPPED)
    bench.work()
    assert bench.parent(enter).reason == "algorithm_stopped"
    assert bench.parent(leave).state is ParentState.WORKING


def test_a_delayed_order_comes_back_and_an_exit_is_sized_anew(store: Store) -> None:
    told = Told()
    bench, _ = scripted(
        store, lambda view: Step(actions=(place(int(view.parent.quantity or 0)),)), guardian=told
    )
    first = bench.ask(quantity=Decimal(10))
    child = sent(bench, first)
    bench.report(execution(child, "a", 4), ended(child, 10))
    bench.work()
    leave = bench.signal(action=Action.EXIT)
    bench.route()
    bench.report(execution(child, "b", 6))
    told.at_admission = lambda view: Verdict(
        decision=Decision.DELAY, reason="later", message="Later.", until=view.now + timedelta(seconds=90)
    )
    bench.work()
    assert bench.parent(leave).state is ParentState.PENDING
    assert bench.parent(leave).quantity is None
    told.at_admission = allow("yes", "Yes.")
    bench.later(91)
    bench.work()
    assert only_child(bench, leave).quantity == 10


def test_a_delay_into_the_past_does_not_come_back_at_once(store: Store) -> None:
    told = Told()
    told.at_admission = lambda view: Verdict(
        decision=Decision.DELAY, reason="later", message="Later.", until=view.now
    )
    bench, _ = scripted(store, Step(actions=(place(10),)), guardian=told)
    signal = bench.ask()
    for _ in range(5):
        bench.work()
    assert len(bench.rows(verdicts)) == 1
    assert bench.parent(signal).wake_at == bench.clock.now() + timedelta(seconds=1)


def test_a_test_message_ends_before_the_broker_on_a_live_account(store: Store) -> None:
    bench = Bench(store)
    bench.account(mode=AccountMode.LIVE)
    bench.algorithm()
    signal = bench.ask(test=True)
    assert bench.parent(signal).state is ParentState.TESTED
    assert bench.children() == []


def test_an_order_whose_blueprint_is_gone_is_blocked_and_holds_up_nothing(bench: Bench) -> None:
    bench.algorithm("other", blueprint=Plugged(name="limit"))
    gone = bench.signal()
    bench.route()
    bench.plugins.blueprints.pop("market")
    after = bench.signal("other", **limit())
    bench.route()
    bench.work()
    assert (bench.parent(gone).state, bench.parent(gone).reason) == (ParentState.BLOCKED, "cannot_be_worked")
    assert bench.parent(after, "other").state is ParentState.WORKING


def test_a_defect_ends_one_order_visibly_and_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = bench.signal(), bench.signal(symbol="MSFT")
    bench.route()
    judged = bench.judge.judge

    def broken(order: GuardedOrder, *rest: Any, **named: Any) -> tuple[Verdict, ...]:
        if order.symbol == "AAPL":
            raise ZeroDivisionError("a defect")
        return judged(order, *rest, **named)

    monkeypatch.setattr(bench.judge, "judge", broken)
    bench.work()
    assert (bench.parent(first).state, bench.parent(first).reason) == (ParentState.FAILED, "engine_failed")
    assert bench.parent(second).state is ParentState.WORKING
    assert "alert.raised" in bench.kinds()
