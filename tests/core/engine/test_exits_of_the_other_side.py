"""An exit of one side finds nothing to close while the algorithm's own exit of the other side is at work:
both lead to flat, and the one that can get there is left to it."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import audited, holding, legs, limit, sent, settle
from core.engine.bench import Bench
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import ParentState

FLAT = {"sentiment": Sentiment.FLAT}
TO_ZERO = {"target": Decimal(0)}


@pytest.fixture
def covering(bench: Bench) -> Bench:
    """The algorithm is short 10, and its cover rests at the broker as a limit order."""
    bench.change_algorithm("alg", allow_shorts=True)
    holding(bench, -10)
    sent(bench, bench.ask(action=Action.BUY, **FLAT, **limit(10)))
    return bench


@pytest.mark.parametrize("wanted", [FLAT, TO_ZERO])
def test_the_cover_goes_on_working(covering: Bench, wanted: dict[str, Any]) -> None:
    (cover,) = [one for one in covering.children() if one.state.is_open]
    late = covering.ask(action=Action.SELL, **wanted)
    assert {one.reason for one in legs(covering, late)} == {"already_past"}
    assert not covering.child(cover.client_id).cancel_requested
    settle(covering)
    assert covering.held() == 0
    assert audited(covering).counts == {}


def test_an_exit_of_what_is_held_takes_the_covers_place(covering: Bench) -> None:
    (cover,) = [one for one in covering.children() if one.state.is_open]
    covering.ask(action=Action.BUY, **FLAT)
    assert covering.child(cover.client_id).cancel_requested


def test_a_signal_that_opens_on_the_other_side_ends_the_cover(covering: Bench) -> None:
    (cover,) = [one for one in covering.children() if one.state.is_open]
    covering.ask(action=Action.SELL, sentiment=Sentiment.SHORT, quantity=Decimal(10))
    assert covering.child(cover.client_id).cancel_requested


def test_an_entry_of_the_other_side_is_ended(bench: Bench) -> None:
    bench.change_algorithm("alg", allow_shorts=True)
    entry = bench.ask(action=Action.BUY, **limit(10))
    sent(bench, entry)
    bench.ask(action=Action.SELL, **FLAT)
    assert legs(bench, entry)[0].cancel_requested
    assert legs(bench, entry)[0].state is ParentState.WORKING
