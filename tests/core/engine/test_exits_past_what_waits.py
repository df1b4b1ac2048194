"""An exit of one side and what its algorithm has waiting for long: it passes only what it makes pointless."""

from decimal import Decimal

import pytest

from core.engine.acts import audited, ended, holding, legs, limit, sent, settle
from core.engine.bench import Bench, execution
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import ParentState

TO_FLAT = {
    Action.SELL: {"action": Action.SELL, "sentiment": Sentiment.FLAT},
    Action.BUY: {"action": Action.BUY, "sentiment": Sentiment.FLAT},
}


@pytest.fixture
def turning(bench: Bench) -> Bench:
    """The algorithm holds 100 and is to hold -30: the close is not done, and the opening waits for it."""
    bench.change_algorithm("alg", allow_shorts=True)
    holding(bench, 100)
    bench.ask(action=Action.SELL, sentiment=Sentiment.SHORT, **limit(30))
    return bench


def opening(bench: Bench) -> ParentState:
    return next(one.state for one in bench.parents() if one.leg == 1)


def test_it_does_not_wait_for_an_opening_on_its_side(turning: Bench) -> None:
    turning.ask(**TO_FLAT[Action.BUY])
    assert opening(turning) is ParentState.CANCELLED


def test_it_cancels_nothing_where_it_has_to_wait_for_another_order(turning: Bench) -> None:
    """The strategy goes to -30, to 20, and to flat; without the second step it would end at -30."""
    cover = turning.ask(action=Action.BUY, quantity=Decimal(50))
    leave = turning.ask(**TO_FLAT[Action.SELL])
    assert [one.state for one in legs(turning, cover) + legs(turning, leave)] == [ParentState.PENDING] * 2
    assert opening(turning) is ParentState.PENDING
    settle(turning)
    assert turning.held() == 0
    assert audited(turning).counts == {}


def test_it_does_not_wait_for_an_addition_to_what_it_closes(bench: Bench) -> None:
    child = sent(bench, bench.ask(action=Action.BUY, **limit(10)))
    added = bench.ask(action=Action.ADD, quantity=Decimal(5))
    leave = bench.ask(**TO_FLAT[Action.SELL])
    assert legs(bench, added)[0].state is ParentState.CANCELLED
    assert bench.child(child.client_id).cancel_requested
    bench.report(execution(child, "during the cancel", 4), ended(child, 4))
    settle(bench)
    assert legs(bench, leave)[0].filled == 4
    assert bench.held() == 0


def test_it_lets_an_addition_to_the_other_side_be(bench: Bench) -> None:
    sent(bench, bench.ask(action=Action.BUY, **limit(10)))
    added = bench.ask(action=Action.ADD, quantity=Decimal(5))
    late = bench.ask(**TO_FLAT[Action.BUY])
    settle(bench)
    assert legs(bench, added)[0].filled == 5
    assert legs(bench, late)[0].reason == "already_past"
    assert bench.held() == 15
