from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from tradewire import Cancel, ChildState, Need, OrderType, ParentState, Place, Side, TimeInForce
from tradewire_limit.limit import Limit
from tradewire_limit.params import LimitParams, OnExpire, Reference

FIXED = LimitParams(price=Decimal(100))
BRIEF = LimitParams(price=Decimal(100), ttl_s=30)
THEN_MARKET = LimitParams(price=Decimal(100), ttl_s=30, on_expire=OnExpire.MARKET)


@pytest.fixture
def work(venue, parent):
    def start(params=FIXED, given=None, **changes):
        return venue(Limit(), params, parent(**changes), **(given or {}))

    return start


def test_it_is_one_limit_order(work):
    place = Place(quantity=Decimal(100), order_type=OrderType.LIMIT, limit_price=Decimal(100))
    assert work().step().actions == (place,)


def test_the_messages_price_and_time_in_force_go_before_the_parameters(work):
    (place,) = work(limit_price=Decimal("98.5"), time_in_force=TimeInForce.GTC).step().actions
    assert (place.limit_price, place.time_in_force) == (Decimal("98.5"), TimeInForce.GTC)


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "98.50"), (Side.SELL, "98.51")])
def test_the_price_is_a_wall_on_the_tick(work, side, price):
    (place,) = work(limit_price=Decimal("98.505"), side=side).step().actions
    assert place.limit_price == Decimal(price)


@pytest.mark.parametrize(
    ("reference", "price"),
    [("bid", "99.98"), ("ask", "100.02"), ("mid", "100"), ("last", "100"), ("signal", "97")],
)
def test_the_price_may_come_from_the_market_or_the_signal(work, reference, price):
    (place,) = work(LimitParams(reference=Reference(reference)), signal_price=Decimal(97)).step().actions
    assert place.limit_price == Decimal(price)


@pytest.mark.parametrize(
    ("side", "offset", "price"),
    [
        (Side.BUY, {"offset_ticks": 5}, "99.95"),
        (Side.SELL, {"offset_ticks": 5}, "100.05"),
        (Side.BUY, {"offset_ticks": -5}, "100.05"),
        (Side.BUY, {"offset_bps": Decimal(10)}, "99.9"),
        (Side.SELL, {"offset_bps": Decimal("-10.5")}, "99.9"),
    ],
)
def test_an_offset_makes_the_price_better_and_a_negative_one_more_aggressive(work, side, offset, price):
    (place,) = work(LimitParams(reference=Reference.MID, **offset), side=side).step().actions
    assert place.limit_price == Decimal(price)


def test_without_a_quote_it_ends_with_a_sentence(work):
    book = work(LimitParams(reference=Reference.BID), {"quote": None})
    book.step()
    assert (book.finish.state, book.finish.reason) == (ParentState.REJECTED, "no_price")
    assert "the bid of AAPL" in book.finish.message


def test_it_wakes_when_its_time_is_up_and_asks_once_for_the_cancel(work):
    book = work(BRIEF)
    placed = book.now
    assert book.step().wake_at == placed + timedelta(seconds=30)
    book.pass_time(29)
    step = book.step()
    assert (step.actions, step.wake_at) == ((), placed + timedelta(seconds=30))
    book.pass_time(1)
    (cancel,) = book.step().actions
    assert cancel == Cancel(client_id=book.children[0].client_id, reason="time_to_live")
    assert book.step().actions == ()


def test_when_its_time_is_up_it_ends_with_what_is_filled(work):
    book = expired(work(BRIEF), filled=30)
    assert (book.finish.state, book.finish.reason) == (ParentState.PARTLY_FILLED, "cancelled")
    assert len(book.children) == 1


def expired(book, filled=0):
    book.step()
    book.pass_time(30)
    book.step()
    if filled:
        book.fill(0, Decimal(filled))
    book.end(0, ChildState.CANCELLED)
    book.step()
    return book


def test_the_rest_goes_to_the_market_once_the_cancel_is_confirmed(work):
    book = expired(work(THEN_MARKET), filled=30)
    rest = book.children[1]
    assert (rest.order_type, rest.quantity, rest.generation) == (OrderType.MARKET, 70, 1)
    book.pass_time(100)
    assert book.step().actions == ()
    book.fill(1, Decimal(70))
    book.step()
    assert book.finish.state is ParentState.FILLED


def test_before_the_cancel_is_confirmed_nothing_goes_to_the_market(work):
    book = work(THEN_MARKET)
    book.step()
    book.pass_time(30)
    book.step()
    for state in (ChildState.ACKNOWLEDGED, ChildState.UNKNOWN, ChildState.PARTLY_FILLED):
        book.change(0, state=state)
        assert book.step().actions == ()


def test_filled_while_the_cancel_was_under_way_there_is_no_rest(work):
    book = work(THEN_MARKET)
    book.step()
    book.pass_time(30)
    book.step()
    book.fill(0, Decimal(100))
    book.step()
    assert (book.finish.state, len(book.children)) == (ParentState.FILLED, 1)


def test_a_rest_below_the_smallest_order_is_left(work, aapl):
    small = msgspec.structs.replace(aapl, min_quantity=Decimal(50))
    book = expired(work(THEN_MARKET, {"instrument": small}), filled=60)
    assert (book.finish.state, len(book.children)) == (ParentState.PARTLY_FILLED, 1)


@pytest.mark.parametrize("state", [ChildState.CANCELLED, ChildState.EXPIRED, ChildState.REJECTED])
def test_ended_by_someone_else_the_rest_does_not_go_to_the_market(work, state):
    book = work(THEN_MARKET)
    book.step()
    book.end(0, state)
    book.pass_time(60)
    book.step()
    assert book.finish is not None
    assert len(book.children) == 1


def test_cancelled_by_the_user_the_rest_does_not_go_to_the_market(work):
    book = work(THEN_MARKET)
    book.step()
    book.pass_time(30)
    book.step()
    book.cancel()
    book.end(0, ChildState.CANCELLED)
    book.step()
    assert (book.finish.state, len(book.children)) == (ParentState.CANCELLED, 1)


def test_the_market_order_for_the_rest_can_be_cancelled_too(work):
    book = expired(work(THEN_MARKET))
    book.cancel()
    (cancel,) = book.step().actions
    assert cancel.client_id == book.children[1].client_id


def problems(parent, params, instrument, capabilities):
    return Limit().validate(parent, params, instrument, capabilities)


def test_a_price_is_needed_from_somewhere(parent, aapl, capabilities):
    both = capabilities(OrderType.LIMIT, OrderType.MARKET)
    (problem,) = problems(parent(), LimitParams(), aapl, both)
    assert "needs a price" in problem
    (problem,) = problems(parent(), LimitParams(reference=Reference.SIGNAL), aapl, both)
    assert "signal's price" in problem
    assert problems(parent(limit_price=Decimal(5)), LimitParams(), aapl, both) == ()
    assert problems(parent(), LimitParams(reference=Reference.BID), aapl, both) == ()


def test_a_price_below_a_tick_is_told(parent, aapl, capabilities):
    (problem,) = problems(parent(limit_price=Decimal("0.001")), FIXED, aapl, capabilities(OrderType.LIMIT))
    assert "less than a tick of 0.01" in problem


def test_too_little_value_is_told_with_the_numbers(parent, aapl, capabilities):
    worth = msgspec.structs.replace(aapl, min_notional=Decimal(10_001))
    (problem,) = problems(parent(), FIXED, worth, capabilities(OrderType.LIMIT))
    assert "10000 USD" in problem
    assert "10001" in problem


def test_a_market_order_for_the_rest_must_be_possible(parent, aapl, capabilities):
    assert problems(parent(), FIXED, aapl, capabilities(OrderType.LIMIT)) == ()
    (problem,) = problems(parent(), THEN_MARKET, aapl, capabilities(OrderType.LIMIT))
    assert "no market day order" in problem


def test_a_quote_is_needed_for_a_price_from_the_market_only():
    assert Limit().needs(LimitParams(reference=Reference.MID)) == {Need.QUOTE}
    assert Limit().needs(LimitParams(reference=Reference.SIGNAL)) == frozenset()
    assert Limit().needs(FIXED) == frozenset()


@pytest.mark.parametrize(
    "written",
    [
        {"price": 0},
        {"price": "NaN"},
        {"price": 5, "reference": "bid"},
        {"reference": "bid", "offset_ticks": 1, "offset_bps": 1},
        {"price": 5, "offset_ticks": 1},
        {"reference": "close"},
        {"price": 5, "ttl_s": 0},
        {"price": 5, "on_expire": "market"},
        {"price": 5, "post_only": True},
    ],
)
def test_parameters_that_contradict_each_other_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, LimitParams, strict=False)
