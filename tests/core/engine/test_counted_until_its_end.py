"""What may still fill is counted against limits until its end is known: an order that is being cancelled, and
one that is paused."""

from decimal import Decimal

import pytest

from core.engine.acts import FRESH, Scripted, all_at_once, ended, sent
from core.engine.bench import Bench, execution
from starting_points import discovered
from tradewire import Plugged, Step, StepView
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ParentOrder, ParentState
from tradewire.store.database import Store

MOST = 100
FIRST = 60
ROOM = MOST - FIRST


def failing(view: StepView) -> Step:
    raise RuntimeError("no")


@pytest.fixture
def two(store: Store) -> Bench:
    """Two algorithms of an account that may hold `MOST`; the first one's blueprint places, and then fails."""
    plugins = discovered()
    plugins.blueprints["scripted"] = Scripted(all_at_once, failing)
    bench = Bench(store, plugins)
    limit = Plugged(name="max_position", params={"quantity": str(MOST)})
    bench.account(guardians=(limit,))
    bench.algorithm("alg", blueprint=Plugged(name="scripted"), guardians=(FRESH,))
    bench.algorithm("other", guardians=(FRESH,))
    return bench


def bought(bench: Bench, name: str, quantity: int) -> ParentOrder:
    signal_id = bench.ask(name, action=Action.BUY, quantity=Decimal(quantity))
    return bench.parent(signal_id, name)


def first_at_the_broker(bench: Bench) -> ChildOrder:
    return sent(bench, bought(bench, "alg", FIRST).signal_id)


def first_of(bench: Bench) -> ParentOrder:
    return bench.parents()[0]


def being_cancelled(bench: Bench) -> ChildOrder:
    """The first one's order, at the broker, with a cancel that nobody has answered."""
    child = first_at_the_broker(bench)
    bench.ask("alg", action=Action.CANCEL)
    first = first_of(bench)
    assert (first.state, first.cancel_requested) == (ParentState.WORKING, True)
    assert bench.child(child.client_id).cancel_requested
    return child


def paused(bench: Bench) -> ChildOrder:
    """The first one's order, at the broker, a sixth of it filled, which nobody works any more."""
    child = first_at_the_broker(bench)
    bench.report(execution(child, "a sixth", FIRST // 6))
    bench.work()
    assert first_of(bench).state is ParentState.PAUSED
    return child


def no_more_than_there_is_room_for(bench: Bench) -> None:
    assert bought(bench, "other", ROOM + 1).state is ParentState.BLOCKED
    assert bought(bench, "other", ROOM).state is ParentState.WORKING
    assert bought(bench, "other", 1).state is ParentState.BLOCKED


def test_an_order_counts_while_its_cancel_is_not_answered(two: Bench) -> None:
    being_cancelled(two)
    no_more_than_there_is_room_for(two)


def test_an_order_that_fills_although_it_is_being_cancelled_breaks_no_limit(two: Bench) -> None:
    child = being_cancelled(two)
    refused = bought(two, "other", ROOM + 1)
    two.report(execution(child, "all", FIRST))
    two.work()
    assert refused.state is ParentState.BLOCKED
    assert first_of(two).state is ParentState.FILLED
    assert two.held("alg") == FIRST
    no_more_than_there_is_room_for(two)


def test_an_order_that_was_cancelled_leaves_its_room_to_others(two: Bench) -> None:
    child = being_cancelled(two)
    two.report(ended(child, 0))
    two.work()
    assert first_of(two).state is ParentState.CANCELLED
    assert bought(two, "other", MOST).state is ParentState.WORKING


def test_a_paused_order_counts_with_what_has_filled_and_what_has_not(two: Bench) -> None:
    paused(two)
    no_more_than_there_is_room_for(two)


def test_a_paused_order_that_fills_breaks_no_limit(two: Bench) -> None:
    child = paused(two)
    refused = bought(two, "other", ROOM + 1)
    two.report(execution(child, "the rest", FIRST - FIRST // 6))
    two.work()
    assert refused.state is ParentState.BLOCKED
    assert two.held("alg") == FIRST
    no_more_than_there_is_room_for(two)


def test_a_paused_order_counts_while_its_cancel_is_not_answered(two: Bench) -> None:
    paused(two)
    two.ask("alg", action=Action.CANCEL)
    first = first_of(two)
    assert (first.state, first.cancel_requested) == (ParentState.PAUSED, True)
    no_more_than_there_is_room_for(two)
