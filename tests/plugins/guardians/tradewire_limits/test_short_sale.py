from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewire import Decision, Exposure, Purpose, Side
from tradewire_limits.short_sale import ShortSale


def judged(order, view, quantity, *, position=0, live_sell=0, algorithm=None, **changes):
    exposure = Exposure(instrument_id="AAPL", position=Decimal(position), live_sell=Decimal(live_sell))
    asked = order(**{"side": Side.SELL, "quantity": Decimal(quantity)} | changes)
    return ShortSale().guard(asked, view(exposure=exposure, algorithm=algorithm or {}))


def test_a_sale_of_what_is_held_passes(order, view):
    verdict = judged(order, view, 10, position=10)
    assert (verdict.decision, verdict.headroom) == (Decision.ALLOW, "0 shares")


def test_a_sale_of_more_is_blocked_with_the_numbers_and_never_trimmed(order, view):
    verdict = judged(order, view, 10, position=8, live_sell=3)
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "short_not_allowed")
    assert (verdict.value, verdict.limit, verdict.headroom) == ("10 shares", "5 shares", "-5 shares")


def test_an_algorithm_that_may_go_short_is_let_through(order, view):
    assert judged(order, view, 10, algorithm={"allow_shorts": True}).reason == "shorts_allowed"


def test_buys_and_exits_are_not_its_business(order, view):
    assert judged(order, view, 10, side=Side.BUY).decision is Decision.NOT_APPLICABLE
    assert judged(order, view, 10, purpose=Purpose.EXIT).decision is Decision.NOT_APPLICABLE


@given(
    position=st.integers(-50, 50), live_sell=st.integers(0, 50), quantity=st.decimals("0.01", 100, places=2)
)
def test_what_passes_leaves_no_short_position_at_its_worst(order, view, position, live_sell, quantity):
    verdict = judged(order, view, quantity, position=position, live_sell=live_sell)
    assert (verdict.decision is Decision.ALLOW) == (position - live_sell - quantity >= 0)
