"""What a live guardian says of a child that is placed after the admission: that child goes smaller or later,
and only a block ends the order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import Scripted, Told, audited, place, scripted, sent
from core.engine.bench import Bench, execution
from tradewire import Cancel, Decision, Finish, Step, StepView, Verdict, allow
from tradewire.contract.working import releasable
from tradewire.domain.order import ChildState, ParentState
from tradewire.store.database import Store
from tradewire.store.schema import ledger_entries, verdicts

REST = Step(actions=(place(6, slice=1),))


def told(decision: Decision, quantity: int = 1, seconds: int = 0) -> Any:
    return lambda view: Verdict(
        decision=decision,
        reason="no",
        message="Not so.",
        quantity=Decimal(quantity),
        until=view.now + timedelta(seconds=seconds),
    )


def half_done(store: Store, later: Any, *steps: Any) -> tuple[Bench, Scripted, Told, str]:
    """An order for ten of which four have filled; its next step is due, and the guardian says `later`."""
    guardian = Told()
    bench, blueprint = scripted(store, Step(actions=(place(4),)), *steps, guardian=guardian)
    signal = bench.ask()
    guardian.later = later
    bench.report(execution(sent(bench, signal), "first", 4))
    return bench, blueprint, guardian, signal


def conclude(view: StepView) -> Step:
    """Places what is left, if anything is, and ends filled if nothing is."""
    if any(child.state.is_open for child in view.children):
        return Step()
    rest = releasable(view.parent, view.children, view.instrument.lot)
    if rest > 0:
        return Step(actions=(place(int(rest), slice=len(view.children)),))
    return Step(actions=(Finish(state=ParentState.FILLED, reason="filled"),))


def test_a_block_ends_the_order_and_sends_nothing_more(store: Store) -> None:
    bench, _, _, signal = half_done(store, told(Decision.BLOCK), REST)
    bench.work()
    assert [one.state for one in bench.children()] == [ChildState.FILLED, ChildState.CANCELLED]
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    assert len(bench.desk.queue) == 1


def test_a_trim_makes_the_child_and_its_order_smaller_and_the_order_goes_on(store: Store) -> None:
    bench, _, _, signal = half_done(store, told(Decision.TRIM, 3), conclude)
    bench.work()
    parent = bench.parent(signal)
    assert (parent.state, parent.quantity, parent.detail) == (ParentState.WORKING, 7, "Not so.")
    assert [one.quantity for one in bench.children()] == [4, 3]
    assert [one.quantity for one in bench.desk.queue] == [4, 3]
    last = bench.children()[-1]
    bench.release(last.client_id)
    bench.report(execution(last, "second", 3))
    bench.work()
    assert (bench.parent(signal).state, bench.parent(signal).filled) == (ParentState.FILLED, 7)
    assert audited(bench).findings == ()


def test_a_trim_leaves_alone_what_is_at_the_broker_and_fits_the_child_in_beside_it(store: Store) -> None:
    guardian = Told()
    start = Step(actions=(place(4), place(2, slice=1)))
    bench, _ = scripted(store, start, Step(actions=(place(4, slice=2),)), guardian=guardian)
    signal = bench.ask()
    first, second = bench.children()
    for child in (first, second):
        bench.release(child.client_id)
    bench.report(execution(first, "e", 4))
    guardian.later = told(Decision.TRIM, 3)
    bench.work()
    assert [one.quantity for one in bench.children()] == [4, 2, 1]
    assert bench.parent(signal).quantity == 7
    assert not bench.child(second.client_id).cancel_requested


def test_a_trim_below_what_is_at_the_broker_places_nothing_and_cancels_nothing(store: Store) -> None:
    guardian = Told()
    start = Step(actions=(place(4), place(3, slice=1)))
    bench, _ = scripted(store, start, Step(actions=(place(3, slice=2),)), guardian=guardian)
    signal = bench.ask()
    first, second = bench.children()
    for child in (first, second):
        bench.release(child.client_id)
    bench.report(execution(first, "e", 4))
    guardian.later = told(Decision.TRIM, 1)
    bench.work()
    parent = bench.parent(signal)
    assert (parent.state, parent.quantity, len(bench.children())) == (ParentState.WORKING, 7, 2)
    assert bench.desk.cancels == []


def test_a_trim_to_nothing_ends_the_order_as_it_does_at_its_admission(store: Store) -> None:
    bench, _, _, signal = half_done(store, told(Decision.TRIM, 0), REST)
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    assert len(bench.desk.queue) == 1


def test_a_delay_puts_the_child_off_until_then(store: Store) -> None:
    bench, blueprint, guardian, signal = half_done(store, told(Decision.DELAY, seconds=30), REST)
    bench.work()
    parent = bench.parent(signal)
    assert (parent.state, len(bench.children()), len(bench.desk.queue)) == (ParentState.WORKING, 1, 1)
    assert parent.wake_at == bench.clock.now() + timedelta(seconds=30)
    bench.later(29)
    bench.work()
    assert len(bench.children()) == 1
    guardian.later = allow("yes", "Yes.")
    bench.later(1)
    bench.work()
    assert [one.quantity for one in bench.children()] == [4, 6]
    assert len(blueprint.seen) == 3


def test_a_delay_into_the_past_puts_the_child_off_for_a_moment(store: Store) -> None:
    bench, _, _, signal = half_done(store, told(Decision.DELAY), REST)
    for _ in range(3):
        bench.work()
    assert bench.parent(signal).wake_at == bench.clock.now() + timedelta(seconds=1)
    assert len(bench.rows(verdicts)) == 2


def test_a_delay_lets_cancels_of_the_same_step_pass(store: Store) -> None:
    guardian = Told()

    def replace(view: StepView) -> Step:
        worse = Cancel(client_id=view.children[1].client_id, reason="worse")
        return Step(actions=(worse, place(2, slice=2)))

    bench, _ = scripted(store, Step(actions=(place(4), place(2, slice=1))), replace, guardian=guardian)
    bench.ask()
    first, second = bench.children()
    for child in (first, second):
        bench.release(child.client_id)
    bench.report(execution(first, "e", 4))
    guardian.later = told(Decision.DELAY, seconds=5)
    bench.work()
    assert [one.client_id for one in bench.desk.cancels] == [second.client_id]
    assert len(bench.children()) == 2


@pytest.mark.parametrize("decision", [Decision.BLOCK, Decision.DELAY, Decision.TRIM])
def test_what_was_said_of_a_later_child_stands_in_the_ledger_and_beside_the_order(
    store: Store, decision: Decision
) -> None:
    bench, *_ = half_done(store, told(decision), REST)
    bench.work()
    guarded = [row for row in bench.rows(ledger_entries) if row.kind == "parent.guarded"]
    assert len(guarded) == 2
    assert decision.value.encode() in guarded[1].body
    assert b"Not so." in guarded[1].body
    assert len(bench.rows(verdicts)) == 2


def test_a_guardian_quarantined_since_the_admission_denies_a_later_child(store: Store) -> None:
    bench, _, _, signal = half_done(store, allow("yes", "Yes."), REST)
    bench.plugins.quarantine_guardian("told", "late")
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
