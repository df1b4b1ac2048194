"""A blueprint that breaks the arithmetic of an order is paused; nothing of it stays stuck."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import all_at_once, ended, only_child, place, scripted, sent
from core.engine.bench import Bench, execution
from tradewire import (
    Cancel,
    Finish,
    Step,
    StepView,
)
from tradewire.domain.message import Action
from tradewire.domain.order import ParentState
from tradewire.store.database import Store


@pytest.mark.parametrize(
    "step",
    [
        Step(actions=(place(11),)),
        Step(actions=(place(6), place(6, slice=1))),
        Step(actions=(place(0),)),
        Step(actions=(Finish(state=ParentState.CANCELLED, reason="r"), place(5))),
        Step(actions=(Finish(state=ParentState.FILLED, reason="r"),)),
        Step(actions=(Finish(state=ParentState.TESTED, reason="r"),)),
        Step(actions=(place(5), Finish(state=ParentState.CANCELLED, reason="r"))),
        Step(),
        None,
    ],
)
def test_a_blueprint_that_breaks_the_orders_arithmetic_is_paused_with_an_alert(
    store: Store, step: Any
) -> None:
    bench, _ = scripted(store, step)
    parent = bench.parent(bench.ask())
    assert (parent.state, parent.reason) == (ParentState.PAUSED, "blueprint_failed")
    assert parent.ended_at is None
    assert sum((one.quantity for one in bench.children()), Decimal(0)) <= 10
    assert "alert.raised" in bench.kinds()


def test_a_paused_order_that_is_cancelled_winds_down_and_lets_the_exit_through(store: Store) -> None:
    bench, blueprint = scripted(store, Step(actions=(place(4),)), None)
    signal = bench.ask()
    child = sent(bench, signal)
    bench.report(execution(child, "e", 1))
    bench.work()
    assert bench.parent(signal).state is ParentState.PAUSED
    blueprint.steps = [all_at_once]
    leave = bench.ask(action=Action.EXIT)
    bench.report(ended(child, 1))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    bench.work()
    assert only_child(bench, leave).quantity == 1


def test_what_happens_to_a_paused_order_leaves_nothing_due(store: Store) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), None)
    signal = bench.ask()
    child = only_child(bench, signal)
    bench.later(11)
    bench.release(child.client_id)
    bench.work()
    assert bench.parent(signal).state is ParentState.PAUSED
    assert bench.parent(signal).wake_at is None
    seen = len(bench.kinds())
    bench.work()
    assert len(bench.kinds()) == seen


def test_an_unsent_order_that_its_blueprint_cancels_is_stepped_again(store: Store) -> None:
    def follow(view: StepView) -> Step:
        child = view.children[-1]
        if child.state.is_open:
            return Step(actions=(Cancel(client_id=child.client_id, reason="time_to_live"),))
        return Step(actions=(Finish(state=ParentState.CANCELLED, reason="time_to_live"),))

    start = Step(actions=(place(10),), wake_at=Bench(store).clock.now())
    bench, _ = scripted(store, start, follow)
    signal = bench.ask()
    bench.work()
    bench.work()
    assert bench.parent(signal).state is ParentState.CANCELLED


def test_nothing_is_placed_while_the_account_is_not_ready_and_nothing_is_forgotten(store: Store) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), Step(actions=(place(6, slice=1),)))
    signal = bench.ask()
    bench.report(execution(sent(bench, signal), "e", 4))
    bench.desk.ready = False
    bench.work()
    assert len(bench.children()) == 1
    bench.desk.ready = True
    bench.work()
    assert len(bench.children()) == 2
