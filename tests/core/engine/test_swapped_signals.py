"""Reversals fired as several signals at one bar's close: in whatever order they come, and however far the
first one got before the second came, the algorithm ends in the position that the strategy meant."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.engine.acts import fill_some, holding, legs, settle
from core.engine.bench import Bench
from tradewire.domain.algorithm import OnOpposite
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import Side

NUMBERS = count()
SIZES = st.sampled_from([7, 30, 100])
#: How far the first signal got before the second came.
PROGRESS = st.sampled_from(["routed", "admitted", "partly filled", "done"])
SAYINGS = st.sampled_from(["target", "sentiment", "net"])

Pair = list[dict[str, Any]]


def pair(saying: str, side: Side, held: int, wanted: int) -> Pair:
    """Close the `held`, then open `wanted` on `side`, as TradingView's placeholders tell it."""
    action = Action(side.value)
    close, opening = ({"action": action, "quantity": Decimal(quantity)} for quantity in (held, wanted))
    if saying == "target":
        close["target"], opening["target"] = Decimal(0), Decimal(wanted * side.sign)
    if saying == "sentiment":
        close["sentiment"] = Sentiment.FLAT
        opening["sentiment"] = Sentiment.LONG if side is Side.BUY else Sentiment.SHORT
    return [close, opening]


def one_order(saying: str, side: Side, held: int, wanted: int) -> dict[str, Any]:
    """The same as a single order. One that says which side is wanted has the quantity wanted there."""
    _, opening = pair(saying, side, held, wanted)
    if saying == "net":
        return opening | {"quantity": Decimal(held + wanted)}
    return opening


def new_algorithm(bench: Bench, held: int, **fields: Any) -> str:
    name = f"swapped-{next(NUMBERS)}"
    bench.algorithm(name, allow_shorts=True, **fields)
    holding(bench, held, name)
    return name


def play(bench: Bench, name: str, messages: Pair, progress: str) -> None:
    first, *rest = messages
    bench.signal(name, **first)
    bench.route()
    if progress != "routed":
        bench.work()
    if progress == "partly filled":
        fill_some(bench)
    if progress == "done":
        settle(bench)
    for message in rest:
        bench.signal(name, **message)
    bench.route()
    settle(bench)


EVERY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EVERY
@given(
    saying=SAYINGS,
    side=st.sampled_from(Side),
    held=SIZES,
    wanted=SIZES,
    is_swapped=st.booleans(),
    progress=PROGRESS,
)
def test_a_close_and_an_opening_commute(
    bench: Bench, saying: str, side: Side, held: int, wanted: int, is_swapped: bool, progress: str
) -> None:
    name = new_algorithm(bench, -held * side.sign)
    messages = pair(saying, side, held, wanted)
    play(bench, name, messages[::-1] if is_swapped else messages, progress)
    assert bench.held(name) == wanted * side.sign


@EVERY
@given(saying=SAYINGS, side=st.sampled_from(Side), held=SIZES, wanted=SIZES)
def test_a_reversal_in_one_order_ends_where_the_pair_does(
    bench: Bench, saying: str, side: Side, held: int, wanted: int
) -> None:
    name = new_algorithm(bench, -held * side.sign)
    play(bench, name, [one_order(saying, side, held, wanted)], "routed")
    assert bench.held(name) == wanted * side.sign


@EVERY
@given(
    side=st.sampled_from(Side),
    held=st.sampled_from([-30, 0, 30]),
    steps=st.lists(st.integers(1, 90), min_size=2, max_size=3, unique=True),
    data=st.data(),
    progress=PROGRESS,
)
def test_steps_in_one_direction_end_at_the_furthest(
    bench: Bench, side: Side, held: int, steps: list[int], data: st.DataObject, progress: str
) -> None:
    """Entries in several steps, each with the position it leads to."""
    name = new_algorithm(bench, held)
    targets = [held + step * side.sign for step in steps]
    order = data.draw(st.permutations(targets))
    play(bench, name, [{"action": Action(side.value), "target": Decimal(one)} for one in order], progress)
    assert bench.held(name) == (max(targets) if side is Side.BUY else min(targets))


@EVERY
@given(side=st.sampled_from(Side), progress=PROGRESS)
def test_two_opposite_signals_close_and_then_open_where_an_opposite_signal_only_closes(
    bench: Bench, side: Side, progress: str
) -> None:
    name = new_algorithm(bench, -100 * side.sign, on_opposite=OnOpposite.NET)
    bench.change_algorithm(name, on_opposite=OnOpposite.CLOSE)
    message = {"action": Action(side.value), "quantity": Decimal(100)}
    play(bench, name, [message, dict(message)], progress)
    assert bench.held(name) == 100 * side.sign


@pytest.mark.parametrize("progress", ["routed", "admitted", "partly filled", "done"])
def test_the_late_half_of_a_swapped_pair_says_that_it_came_late(bench: Bench, progress: str) -> None:
    name = new_algorithm(bench, 100)
    close, opening = pair("sentiment", Side.SELL, 100, 100)
    play(bench, name, [opening, close], progress)
    late = [one for one in bench.parents() if one.algorithm_id == name][-1]
    assert late.reason in ("already_past", "nothing_to_exit")
    assert legs(bench, late.signal_id) == [late]
