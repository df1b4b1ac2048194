from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from tradewire import Cancel, ChildState, OrderType, ParentState, Place, Quote, Side, TimeInForce
from tradewire_market.market import Market, MarketParams


@pytest.fixture
def work(venue, parent):
    def start(params=None, given=None, **changes):
        return venue(Market(), params or MarketParams(), parent(**changes), **(given or {}))

    return start


def test_it_is_one_market_order(work):
    step = work().step()
    assert step.actions == (Place(quantity=Decimal(100), order_type=OrderType.MARKET),)
    assert step.wake_at is None


def test_what_is_there_already_is_not_placed_again(work):
    book = work()
    book.step()
    for state in (ChildState.NEW, ChildState.SENT, ChildState.ACKNOWLEDGED, ChildState.UNKNOWN):
        book.change(0, state=state)
        assert book.step().actions == ()


@pytest.mark.parametrize(("side", "limit"), [(Side.BUY, "101.02"), (Side.SELL, "98.99")])
def test_without_market_orders_it_crosses_within_the_collar(work, capabilities, side, limit):
    book = work(given={"capabilities": capabilities(OrderType.LIMIT)}, side=side)
    (place,) = book.step().actions
    assert (place.order_type, place.limit_price) == (OrderType.LIMIT, Decimal(limit))


def test_the_collar_is_the_users(work, capabilities):
    given = {"capabilities": capabilities(OrderType.LIMIT)}
    (place,) = work(MarketParams(collar_bps=Decimal(10)), given).step().actions
    assert place.limit_price == Decimal("100.12")


@pytest.mark.parametrize("quote", [None, Quote(instrument_id="AAPL", at=datetime(2026, 3, 2, tzinfo=UTC))])
def test_without_market_orders_and_without_a_price_it_ends_with_a_sentence(work, capabilities, quote):
    book = work(given={"capabilities": capabilities(OrderType.LIMIT), "quote": quote})
    book.step()
    assert (book.finish.state, book.finish.reason) == (ParentState.REJECTED, "no_quote")


def test_the_messages_time_in_force_goes_before_the_parameters(work):
    (place,) = work(MarketParams(tif=TimeInForce.DAY), time_in_force=TimeInForce.GTC).step().actions
    assert place.time_in_force is TimeInForce.GTC


def test_the_quantity_is_rounded_down_to_the_lot_and_the_rest_is_reported(work):
    book = work(quantity=Decimal("10.7"))
    (place,) = book.step().actions
    assert place.quantity == 10
    book.fill(0, Decimal(10))
    book.step()
    assert (book.finish.state, book.finish.reason) == (ParentState.PARTLY_FILLED, "rounded_to_lot")
    assert "10 of 10.7 filled" in book.finish.message


@pytest.mark.parametrize(
    ("end", "filled", "state", "reason"),
    [
        (ChildState.FILLED, 100, ParentState.FILLED, "filled"),
        (ChildState.CANCELLED, 40, ParentState.PARTLY_FILLED, "cancelled"),
        (ChildState.CANCELLED, 0, ParentState.CANCELLED, "cancelled"),
        (ChildState.EXPIRED, 0, ParentState.EXPIRED, "expired"),
        (ChildState.EXPIRED, 1, ParentState.PARTLY_FILLED, "expired"),
        (ChildState.REJECTED, 0, ParentState.REJECTED, "rejected"),
    ],
)
def test_it_ends_as_its_order_ended(work, end, filled, state, reason):
    book = work()
    book.step()
    if filled:
        book.fill(0, Decimal(filled))
    if end is not ChildState.FILLED:
        book.end(0, end)
    book.step()
    assert (book.finish.state, book.finish.reason) == (state, reason)


def test_it_waits_for_fills_that_are_still_to_be_reported(work):
    book = work()
    book.step()
    book.change(0, state=ChildState.FILLED)
    assert book.step().actions == ()
    book.change(0, filled=Decimal(100))
    assert book.step().actions == ()


def test_a_cancel_is_asked_for_once_and_a_fill_meanwhile_counts(work):
    book = work()
    book.step()
    book.cancel()
    (cancel,) = book.step().actions
    assert cancel == Cancel(client_id=book.children[0].client_id, reason="parent_cancelled")
    assert book.step().actions == ()
    book.fill(0, Decimal(30))
    assert book.step().actions == ()
    book.end(0, ChildState.CANCELLED)
    book.step()
    assert (book.finish.state, book.parent.filled) == (ParentState.PARTLY_FILLED, 30)


def test_cancelled_before_anything_was_sent_sends_nothing(work):
    book = work()
    book.cancel()
    book.step()
    assert (book.finish.state, book.children) == (ParentState.CANCELLED, [])


def problems(parent, params, instrument, capabilities):
    return Market().validate(parent, params, instrument, capabilities)


def test_too_small_a_quantity_is_told_with_the_numbers(parent, aapl, capabilities):
    small = msgspec.structs.replace(aapl, lot=Decimal("0.1"), min_quantity=Decimal(5))
    (problem,) = problems(
        parent(quantity=Decimal("4.97")), MarketParams(), small, capabilities(OrderType.MARKET)
    )
    assert "4.97" in problem
    assert "4.9" in problem
    assert "the smallest order is 5" in problem


def test_an_order_that_the_broker_does_not_take_is_told_with_what_it_takes(parent, aapl, capabilities):
    only = capabilities(OrderType.MARKET, tifs=(TimeInForce.GTC,))
    (problem,) = problems(parent(), MarketParams(), aapl, only)
    assert "market day" in problem
    assert "it takes: market gtc" in problem


def test_an_exit_of_all_has_no_quantity_to_check_yet(parent, aapl, capabilities):
    assert problems(parent(quantity=None), MarketParams(), aapl, capabilities(OrderType.MARKET)) == ()


@pytest.mark.parametrize("written", [{"collar_bps": 0}, {"collar_bps": 10_000}, {"tif": "never"}, {"bps": 1}])
def test_parameters_that_make_no_sense_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, MarketParams, strict=False)
