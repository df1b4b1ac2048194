"""A blueprint that breaks the arithmetic of an order is paused; nothing of it stays stuck."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.engine.acts import Scripted, all_at_once, ended, only_child, place, scripted, sent
from core.engine.bench import Bench, execution
from tradewire import (
    Cancel,
    Finish,
    OrderType,
    Place,
    Plugged,
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
    assert bench.children() == []
    assert "alert.raised" in bench.kinds()


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


class Gone(BaseException):
    """What a library may end a thread with."""


def raising(error: BaseException) -> Callable[[StepView], Step]:
    def step(view: StepView) -> Step:
        raise error

    return step


@pytest.mark.parametrize(
    "garbage",
    [
        raising(RuntimeError("no")),
        raising(Unprintable()),
        raising(RuntimeError("half of \ud83d")),
        raising(Gone()),
        raising(SystemExit()),
        None,
        "a step",
        Step(actions=(place(4, slice=1), place(1, slice=2**31))),
        Step(actions=(place(4, slice=1), place(1, leg=-1))),
        Step(actions=(place(4, slice=1), place(50, slice=2))),
        Step(actions=(place(4, slice=1), Cancel(client_id="c", reason="half of \ud83d"))),
        Step(actions=(place(4, slice=1), Place(quantity=Decimal("NaN"), order_type=OrderType.MARKET))),
        Step(actions=(place(4, slice=1),), wake_at=datetime(2026, 3, 2)),  # noqa: DTZ001
        Step(actions=("place",)),  # type: ignore[arg-type]
    ],
)
def test_a_blueprint_that_fails_later_loses_that_step_alone_and_the_accounts_other_orders_go_on(
    store: Store, garbage: Any
) -> None:
    again = Step(actions=(place(6, slice=1),))
    bench, failing = scripted(store, Step(actions=(place(4),)), garbage)
    bench.plugins.blueprints["sound"] = Scripted(Step(actions=(place(4),)), again)
    bench.algorithm("other", symbol="MSFT", blueprint=Plugged(name="sound"))
    both = [bench.ask(), bench.ask("other")]
    for signal, name in zip(both, ("alg", "other"), strict=True):
        child = bench.children(bench.parent(signal, name).id)[0]
        bench.release(child.client_id)
        bench.report(execution(child, f"e-{name}", 4))
    waiting = bench.signal("other", symbol="NVDA")
    bench.route()
    bench.work()
    failed, sound = (bench.parent(one, name) for one, name in zip(both, ("alg", "other"), strict=True))
    assert (failed.state, failed.reason) == (ParentState.PAUSED, "blueprint_failed")
    assert len(failing.seen) == 2
    assert [len(bench.children(one.id)) for one in (failed, sound)] == [1, 2]
    assert bench.parent(waiting, "other").state is ParentState.WORKING
    assert bench.kinds().count("alert.raised") == 1
    assert "'scripted'" in (failed.detail or "")


def test_a_parameter_that_breaks_while_it_is_read_pauses_its_order_alone(store: Store) -> None:
    bench, failing = scripted(store, Step(actions=(place(4),)))
    bench.algorithm("other", symbol="MSFT")
    signal = bench.ask()
    bench.report(execution(sent(bench, signal), "e", 4))

    class Breaking(msgspec.Struct, frozen=True):
        def __post_init__(self) -> None:
            raise KeyError("gone")

    failing.Params = Breaking  # type: ignore[misc, assignment]
    other = bench.ask("other")
    assert bench.parent(signal).state is ParentState.PAUSED
    assert bench.parent(other, "other").state is ParentState.WORKING


def test_a_cancel_that_came_with_a_step_that_fails_is_not_asked_for(store: Store) -> None:
    def replace(view: StepView) -> Step:
        return Step(
            actions=(Cancel(client_id=view.children[0].client_id, reason="worse"), place(11, slice=2))
        )

    bench, _ = scripted(store, Step(actions=(place(4), place(2, slice=1))), replace)
    signal = bench.ask()
    first, second = bench.children()
    for child in (first, second):
        bench.release(child.client_id)
    bench.report(execution(second, "e", 2))
    bench.work()
    assert bench.parent(signal).state is ParentState.PAUSED
    assert not bench.child(first.client_id).cancel_requested
    assert bench.desk.cancels == []
    assert "child.cancel_requested" not in bench.kinds()


def test_what_fails_around_a_step_is_named_and_stops_no_other_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), Step(actions=(place(6, slice=1),)))
    bench.algorithm("other", symbol="MSFT")
    signal = bench.ask()
    bench.report(execution(sent(bench, signal), "e", 4))

    def failing(*_: Any, **__: Any) -> None:
        raise LookupError("no such view")

    monkeypatch.setattr("tradewire.engine.later_children.LaterChildren.judge", failing)
    other = bench.ask("other")
    paused = bench.parent(signal)
    assert (paused.state, len(bench.children(paused.id))) == (ParentState.PAUSED, 1)
    assert "LookupError: no such view" in (paused.detail or "")
    assert bench.parent(other, "other").state is ParentState.WORKING


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


def test_an_unsent_order_that_its_blueprint_replaces_is_stepped_again(store: Store) -> None:
    """No report will ever tell that the first one has ended."""

    def replace(view: StepView) -> Step:
        unsent = Cancel(client_id=view.children[0].client_id, reason="worse")
        return Step(actions=(unsent, place(6, slice=1)))

    start = Step(actions=(place(10),), wake_at=Bench(store).clock.now())
    bench, blueprint = scripted(store, start, replace, Step(actions=(place(4, slice=2),)))
    bench.ask()
    for _ in range(2):
        bench.work()
    assert len(blueprint.seen) == 3
    assert [(one.quantity, one.state.is_open) for one in bench.children()] == [
        (10, False),
        (6, True),
        (4, True),
    ]
