"""A plain order against the algorithm's own entries on the other side, however far these got before it."""

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.engine.acts import ended, fill_some, legs, limit, only_child, sent, settle
from core.engine.bench import Bench, execution
from tradewire.contract.broker import Accepted
from tradewire.domain.algorithm import OnOpposite
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState, ParentState, Side

NUMBERS = count()

SHARES = st.sampled_from([Decimal(0), Decimal("0.3"), Decimal(1)])
#: A side, a quantity, and how much of what is open fills while it is being cancelled, and afterwards.
SIGNALS = st.tuples(st.sampled_from(Side), st.sampled_from([10, 30, 70]), SHARES, SHARES)


@pytest.fixture
def shorting(bench: Bench) -> Bench:
    bench.change_algorithm("alg", allow_shorts=True)
    return bench


@pytest.mark.parametrize("progress", ["unsent", "sent", "partly filled", "filled"])
def test_a_sell_of_what_was_bought_ends_flat_however_far_the_buy_got(shorting: Bench, progress: str) -> None:
    buy = shorting.ask(action=Action.BUY, quantity=Decimal(30))
    if progress == "sent":
        sent(shorting, buy)
    if progress == "partly filled":
        fill_some(shorting)
    if progress == "filled":
        settle(shorting)
    shorting.ask(action=Action.SELL, quantity=Decimal(30))
    cancelled(shorting)
    settle(shorting)
    assert shorting.held() == 0


def test_an_order_that_finds_all_of_it_taken_back_says_so(shorting: Bench) -> None:
    shorting.ask(**limit(30))
    sell = shorting.ask(action=Action.SELL, quantity=Decimal(20))
    ended_there = shorting.parent(sell)
    assert (ended_there.state, ended_there.reason) == (ParentState.SKIPPED, "taken_back")
    assert ended_there.detail == (
        "It took back 30 of the algorithm's own buy orders that had not filled: "
        "nothing is left to sell of 20 AAPL."
    )


def test_an_order_that_trades_the_rest_says_how_it_came_about(shorting: Bench) -> None:
    resting = sent(shorting, shorting.ask(**limit(30)))
    sell = shorting.ask(action=Action.SELL, quantity=Decimal(50))
    shorting.report(execution(resting, "during the cancel", 5))
    shorting.report(ended(resting, 5))
    shorting.work()
    shorting.work()
    assert only_child(shorting, sell).quantity == 25
    assert shorting.parent(sell).sized == (
        "50 AAPL, less 25 of the algorithm's own buy orders that had not filled = 25"
    )


def test_what_was_taken_back_counts_although_prices_had_to_be_waited_for(shorting: Bench) -> None:
    shorting.ask(**limit(30))
    shorting.desk.unpriced.add("AAPL")
    sell = shorting.ask(action=Action.SELL, quantity=Decimal(50))
    assert shorting.parent(sell).state is ParentState.PENDING
    shorting.desk.unpriced.clear()
    shorting.work()
    assert only_child(shorting, sell).quantity == 20


def test_what_a_person_cancelled_is_not_taken_back_a_second_time(shorting: Bench) -> None:
    shorting.ask(**limit(30))
    shorting.ask(action=Action.CANCEL)
    shorting.ask(action=Action.SELL, quantity=Decimal(30))
    settle(shorting)
    assert shorting.held() == -30


def test_with_cancel_in_the_message_an_order_is_for_what_it_says(shorting: Bench) -> None:
    shorting.ask(**limit(30))
    shorting.ask(action=Action.SELL, quantity=Decimal(30), cancel_first=True)
    settle(shorting)
    assert shorting.held() == -30


@pytest.mark.parametrize("progress", ["unsent", "partly filled", "filled"])
def test_where_an_opposite_signal_only_closes_it_opens_nothing_however_far_the_entry_got(
    shorting: Bench, progress: str
) -> None:
    shorting.change_algorithm("alg", on_opposite=OnOpposite.CLOSE)
    shorting.ask(action=Action.BUY, quantity=Decimal(30))
    if progress == "partly filled":
        fill_some(shorting)
    if progress == "filled":
        settle(shorting)
    sell = shorting.ask(action=Action.SELL, quantity=Decimal(10))
    cancelled(shorting)
    settle(shorting)
    assert shorting.held() == 0
    assert legs(shorting, sell)[1].reason == "closed_only"


def test_an_addition_counts_what_it_takes_back(shorting: Bench) -> None:
    shorting.ask(action=Action.BUY, quantity=Decimal(30))
    settle(shorting)
    shorting.ask(action=Action.SELL, quantity=Decimal(10))
    shorting.ask(action=Action.ADD, quantity=Decimal(15))
    settle(shorting)
    assert shorting.held() == 30 - 10 + 15


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(signals=st.lists(SIGNALS, min_size=2, max_size=6))
def test_plain_orders_end_where_they_lead_whatever_filled_between_them(
    bench: Bench, signals: list[tuple[Side, int, Decimal, Decimal]]
) -> None:
    """Against the plainest model: what is held, and what is on its way on each side."""
    name = f"plain-{next(NUMBERS)}"
    bench.algorithm(name, allow_shorts=True)
    held, coming = Decimal(0), {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}

    def fill(child: ChildOrder, share: Decimal) -> Decimal:
        nonlocal held
        quantity = (share * (child.quantity - child.filled)).to_integral_value()
        if quantity:
            bench.report(execution(child, f"e-{next(NUMBERS)}", int(quantity)))
            held += child.side.sign * quantity
            coming[child.side] -= quantity
        return child.filled + quantity

    for side, quantity, meanwhile, afterwards in signals:
        bench.ask(name, action=Action(side.value), quantity=Decimal(quantity))
        for child in being_cancelled(bench):
            filled = fill(child, meanwhile)
            bench.report(ended(child, int(filled)))
        bench.work()
        bench.work()
        opposite = coming[side.opposite]
        coming[side.opposite] = Decimal(0)
        coming[side] += max(quantity - opposite, Decimal(0))
        for child in arrived(bench):
            fill(child, afterwards)
        bench.work()
    settle(bench)
    assert bench.held(name) == held + coming[Side.BUY] - coming[Side.SELL]


def arrived(bench: Bench) -> list[ChildOrder]:
    """Everything open, sent where it was not yet."""
    for child in [one for one in bench.children() if one.state is ChildState.NEW]:
        bench.release(child.client_id)
        bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
    return [one for one in bench.children() if one.state.is_open]


def being_cancelled(bench: Bench) -> list[ChildOrder]:
    return [one for one in bench.children() if one.state.is_open and one.cancel_requested]


def cancelled(bench: Bench) -> None:
    """The broker cancels what it is asked to."""
    for child in being_cancelled(bench):
        bench.report(ended(child, int(child.filled)))
    bench.work()
