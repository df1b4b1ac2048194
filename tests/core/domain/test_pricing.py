from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Quote, Side
from tradewire.domain.pricing import marketable_limit, to_tick

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@given(
    side=st.sampled_from(Side),
    touch=st.decimals("0.01", 100_000, places=4),
    collar=st.decimals(1, 500, places=1),
    tick=st.sampled_from(["0.01", "0.0001", "0.05", "0.25"]),
)
def test_a_marketable_limit_lies_on_the_tick_and_never_beyond_the_collar(side, touch, collar, tick):
    quote = Quote(instrument_id="X", bid=touch, ask=touch, at=NOW)
    price = marketable_limit(side, quote, collar, Decimal(tick))
    if price is None:
        assert side is Side.BUY
        assert touch * (1 + collar / 10_000) < Decimal(tick)
        return
    assert price % Decimal(tick) == 0
    if side is Side.BUY:
        assert price <= touch * (1 + collar / 10_000)
    else:
        assert price >= touch * (1 - collar / 10_000)


def test_the_far_side_is_the_one_that_is_crossed():
    quote = Quote(instrument_id="X", bid=Decimal(99), ask=Decimal(101), at=NOW)
    assert marketable_limit(Side.BUY, quote, Decimal(100), Decimal("0.01")) == Decimal("102.01")
    assert marketable_limit(Side.SELL, quote, Decimal(100), Decimal("0.01")) == Decimal("98.01")


@pytest.mark.parametrize("price", [None, Decimal(0), Decimal(-1), Decimal("NaN")])
def test_without_a_usable_price_there_is_none(price):
    quote = Quote(instrument_id="X", ask=price, at=NOW)
    assert marketable_limit(Side.BUY, quote, Decimal(100), Decimal("0.01")) is None


def test_the_last_trade_stands_in_for_a_missing_side():
    quote = Quote(instrument_id="X", last=Decimal(100), at=NOW)
    assert marketable_limit(Side.BUY, quote, Decimal(100), Decimal(1)) == 101


def test_the_tick_is_reached_away_from_aggression():
    assert to_tick(Side.BUY, Decimal("10.019"), Decimal("0.01")) == Decimal("10.01")
    assert to_tick(Side.SELL, Decimal("10.011"), Decimal("0.01")) == Decimal("10.02")
