from decimal import Decimal

import msgspec
import pytest

from tradewire import Decision, Exposure, Need, OrderType, Purpose, Side
from tradewire_limits.breach import OnBreach
from tradewire_limits.max_position import MaxPosition, MaxPositionParams


def judged(order, view, *, quantity=None, notional=None, on_breach=OnBreach.BLOCK, seen=None, **changes):
    params = MaxPositionParams(
        quantity=None if quantity is None else Decimal(quantity),
        notional=None if notional is None else Decimal(notional),
        on_breach=on_breach,
    )
    return MaxPosition().guard(order(**changes), view(params=params, **(seen or {})))


def held(instrument="AAPL", mark=100, rate=1, **quantities):
    return Exposure(
        instrument_id=instrument,
        mark=None if mark is None else Decimal(mark),
        rate=None if rate is None else Decimal(rate),
        **{name: Decimal(quantity) for name, quantity in quantities.items()},
    )


def test_position_and_live_orders_count_before_they_fill(order, view):
    seen = {"exposure": held(position=80, live_buy=15)}
    assert judged(order, view, quantity=105, seen=seen).decision is Decision.ALLOW
    verdict = judged(order, view, quantity=100, seen=seen)
    assert (verdict.reason, verdict.value, verdict.limit) == (
        "position_too_large",
        "105 shares",
        "100 shares",
    )
    assert "room for 5 shares" in verdict.message


def test_orders_that_are_not_ours_count_too(order, view):
    seen = {"exposure": held(foreign_buy=95)}
    assert judged(order, view, quantity=100, seen=seen).decision is Decision.BLOCK


def test_a_live_sell_makes_no_room_for_a_buy(order, view):
    seen = {"exposure": held(position=95, live_sell=95)}
    assert judged(order, view, quantity=100, seen=seen).decision is Decision.BLOCK


def test_the_short_side_is_bounded_alike(order, view):
    seen = {"exposure": held(position=-95, live_buy=95)}
    verdict = judged(order, view, quantity=100, seen=seen, side=Side.SELL)
    assert (verdict.reason, verdict.value) == ("position_too_large", "105 shares")


def test_a_limit_exceeded_already_does_not_hold_up_the_way_back(order, view):
    seen = {"exposure": held(position=150)}
    assert judged(order, view, quantity=100, seen=seen, side=Side.SELL).decision is Decision.ALLOW
    assert judged(order, view, quantity=100, notional=10_000, seen=seen, side=Side.SELL).decision is (
        Decision.ALLOW
    )
    assert judged(order, view, quantity=100, seen=seen).decision is Decision.BLOCK


def test_a_trim_leaves_what_fits(order, view):
    seen = {"exposure": held(position="92.5")}
    verdict = judged(order, view, quantity=100, on_breach=OnBreach.TRIM, seen=seen)
    assert (verdict.decision, verdict.quantity) == (Decision.TRIM, 7)
    full = judged(order, view, quantity=100, on_breach=OnBreach.TRIM, seen={"exposure": held(position=100)})
    assert full.decision is Decision.BLOCK


def test_all_symbols_count_for_the_value(order, view):
    others = (held("TSLA", mark=200, position=-10), held("SAP", mark=50, rate="1.1", position=5, live_buy=5))
    seen = {"exposures": (held(), *others), "exposure": held()}
    verdict = judged(order, view, notional=4000, seen=seen)
    assert verdict.decision is Decision.ALLOW
    assert verdict.value == "3560 USD"  # 2000 + 550 + 10 x 101
    assert judged(order, view, notional=3500, seen=seen).reason == "portfolio_too_large"


def test_the_own_instrument_counts_also_where_the_list_leaves_it_out(order, view):
    seen = {"exposure": held(position=90), "exposures": ()}
    assert judged(order, view, notional=10_000, seen=seen).decision is Decision.BLOCK


def test_the_higher_of_mark_and_limit_price_counts(order, view):
    verdict = judged(
        order, view, notional=10_000, order_type=OrderType.LIMIT, limit_price=Decimal(300), seen={}
    )
    assert verdict.value == "3000 USD"


@pytest.mark.parametrize(
    ("other", "reason"),
    [(held("X", mark=None, position=1), "no_price"), (held("X", rate=None, live_sell=1), "no_rate")],
)
def test_what_cannot_be_valued_blocks(order, view, other, reason):
    assert judged(order, view, notional=10**9, seen={"exposures": (other,)}).reason == reason
    assert judged(order, view, quantity=100, seen={"exposures": (other,)}).decision is Decision.ALLOW


def test_what_is_neither_held_nor_ordered_needs_no_value(order, view):
    seen = {"exposures": (held("X", mark=None, rate=None),)}
    assert judged(order, view, notional=10**6, seen=seen).decision is Decision.ALLOW


def test_an_order_without_price_or_rate_is_blocked(order, view):
    bare = {"exposure": held(mark=None), "quote": None}
    assert judged(order, view, notional=10**6, seen=bare).reason == "no_price"
    euros = msgspec.structs.replace(order().instrument, currency="EUR")
    assert judged(order, view, notional=10**6, instrument=euros).reason == "no_rate"


def test_of_two_limits_the_tighter_one_speaks(order, view):
    assert judged(order, view, quantity=5, notional=900).reason == "position_too_large"
    assert judged(order, view, quantity=9, notional=500).reason == "portfolio_too_large"


def test_exits_are_not_limited(order, view):
    assert judged(order, view, quantity=1, purpose=Purpose.EXIT).decision is Decision.NOT_APPLICABLE


def test_a_quote_is_needed_for_the_value_only():
    assert MaxPosition().needs(MaxPositionParams(notional=Decimal(1))) == {Need.QUOTE}
    assert MaxPosition().needs(MaxPositionParams(quantity=Decimal(1))) == frozenset()


@pytest.mark.parametrize("written", [{}, {"quantity": -1}, {"notional": "0"}, {"quantity": 1, "extra": 1}])
def test_parameters_that_limit_nothing_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, MaxPositionParams, strict=False)
