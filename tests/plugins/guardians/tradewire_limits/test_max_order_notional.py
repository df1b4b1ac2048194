from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Decision, OrderType, Purpose, Quote, Side
from tradewire_limits.breach import OnBreach
from tradewire_limits.max_order_notional import MaxOrderNotional, MaxOrderNotionalParams


def judged(order, view, limit, *, on_breach=OnBreach.BLOCK, seen=None, **changes):
    params = MaxOrderNotionalParams(notional=Decimal(limit), on_breach=on_breach)
    return MaxOrderNotional().guard(order(**changes), view(params=params, **(seen or {})))


def quote(now, **prices):
    return Quote(instrument_id="AAPL", at=now, **{side: Decimal(price) for side, price in prices.items()})


def test_a_market_buy_is_valued_at_the_ask(order, view):
    verdict = judged(order, view, 2000)
    assert (verdict.value, verdict.limit, verdict.headroom) == ("1010 USD", "2000 USD", "990 USD")


def test_a_market_sell_is_valued_at_the_bid(order, view):
    assert judged(order, view, 2000, side=Side.SELL).value == "990 USD"


def test_the_worse_of_limit_and_far_side_counts(order, view):
    limit = {"order_type": OrderType.LIMIT}
    assert judged(order, view, 2000, limit_price=Decimal(120), **limit).value == "1200 USD"
    assert judged(order, view, 2000, limit_price=Decimal(90), **limit).value == "1010 USD"
    assert judged(order, view, 2000, side=Side.SELL, limit_price=Decimal(1), **limit).value == "990 USD"


def test_the_last_trade_stands_in_for_a_missing_side(order, view):
    seen = {"quote": quote(view().now, last=104)}
    assert judged(order, view, 2000, seen=seen).value == "1040 USD"


def test_multiplier_and_rate_count(order, view):
    euros = msgspec.structs.replace(order().instrument, currency="EUR", multiplier=Decimal(50))
    verdict = judged(order, view, 60_000, instrument=euros, seen={"rate": Decimal("1.1")})
    assert verdict.value == "55550 USD"


@pytest.mark.parametrize("rate", [None, Decimal(0), Decimal(-1), Decimal("NaN")])
def test_without_a_rate_an_entry_is_blocked(order, view, rate):
    euros = msgspec.structs.replace(order().instrument, currency="EUR")
    assert judged(order, view, 10**9, instrument=euros, seen={"rate": rate}).reason == "no_rate"


@pytest.mark.parametrize("ask", [None, Decimal("NaN"), Decimal(0), Decimal(-3), Decimal("Infinity")])
def test_without_a_usable_price_an_entry_is_blocked(order, view, ask):
    seen = {"quote": Quote(instrument_id="AAPL", ask=ask, at=view().now)}
    assert judged(order, view, 10**9, seen=seen).reason == "no_price"
    assert judged(order, view, 10**9, seen={"quote": None}).reason == "no_price"


def test_without_a_quote_a_limit_bounds_a_buy_but_not_a_sell(order, view):
    limit = {"order_type": OrderType.LIMIT, "limit_price": Decimal(5), "seen": {"quote": None}}
    assert judged(order, view, 100, **limit).decision is Decision.ALLOW
    assert judged(order, view, 100, side=Side.SELL, **limit).reason == "no_price"


def test_an_exit_is_not_limited(order, view):
    verdict = judged(order, view, 1, purpose=Purpose.EXIT, seen={"quote": None})
    assert verdict.decision is Decision.NOT_APPLICABLE


@given(
    quantity=st.decimals("0.01", 100_000, places=2),
    price=st.decimals("0.0001", 100_000, places=4),
    multiplier=st.sampled_from(["1", "0.1", "50"]),
    rate=st.decimals("0.0001", 200, places=4),
    limit=st.decimals(1, 10_000_000, places=2),
    on_breach=st.sampled_from(OnBreach),
)
def test_what_is_let_through_is_never_worth_more_than_the_limit(
    order, view, quantity, price, multiplier, rate, limit, on_breach
):
    instrument = msgspec.structs.replace(
        order().instrument, currency="EUR", multiplier=Decimal(multiplier), lot=Decimal("0.01")
    )
    seen = {"rate": rate, "quote": quote(view().now, ask=price)}
    changes = {"instrument": instrument, "quantity": quantity, "seen": seen}
    verdict = judged(order, view, limit, on_breach=on_breach, **changes)
    one = price * Decimal(multiplier) * rate
    if verdict.decision is Decision.ALLOW:
        assert quantity * one <= limit
    elif verdict.decision is Decision.TRIM:
        assert verdict.quantity is not None
        assert 0 < verdict.quantity < quantity
        assert verdict.quantity * one <= limit < (verdict.quantity + Decimal("0.01")) * one
    else:
        assert quantity * one > limit
        assert on_breach is OnBreach.BLOCK or Decimal("0.01") * one > limit
