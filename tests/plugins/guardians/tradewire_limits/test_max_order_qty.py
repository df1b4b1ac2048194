from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Decision, Purpose
from tradewire_limits.breach import OnBreach
from tradewire_limits.max_order_qty import MaxOrderQty, MaxOrderQtyParams


def judged(order, view, limit, on_breach=OnBreach.BLOCK, **changes):
    params = MaxOrderQtyParams(quantity=Decimal(limit), on_breach=on_breach)
    return MaxOrderQty().guard(order(**changes), view(params=params))


def test_an_order_at_the_limit_passes_and_shows_its_figures(order, view):
    verdict = judged(order, view, 20)
    assert verdict.decision is Decision.ALLOW
    assert (verdict.value, verdict.limit, verdict.headroom) == ("10 shares", "20 shares", "10 shares")
    assert judged(order, view, 10).decision is Decision.ALLOW


def test_an_order_above_the_limit_is_blocked(order, view):
    verdict = judged(order, view, "9.5")
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "order_too_large")
    assert "10 shares" in verdict.message
    assert "9.5 shares" in verdict.message


def test_seventy_percent_of_the_limit_is_a_warning(order, view):
    assert judged(order, view, 14).reason == "near_limit"
    assert judged(order, view, 15).reason == "within_limit"


def test_an_exit_is_not_limited(order, view):
    assert judged(order, view, 1, purpose=Purpose.EXIT).decision is Decision.NOT_APPLICABLE


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "0", "-5", "1e16"])
def test_a_quantity_that_is_no_number_above_zero_is_refused_first(order, view, quantity):
    assert judged(order, view, 10, quantity=Decimal(quantity)).reason == "unusable_quantity"


def test_a_trim_below_the_smallest_order_is_a_block(order, view):
    assert judged(order, view, "0.9", OnBreach.TRIM).decision is Decision.BLOCK


@given(
    quantity=st.decimals("0.001", 10_000, places=3),
    limit=st.decimals("0.001", 10_000, places=3),
    lot=st.sampled_from(["1", "0.01", "0.3"]),
)
def test_a_trim_never_increases_or_flips_and_is_a_whole_number_of_lots(order, view, quantity, limit, lot):
    lot = Decimal(lot)
    instrument = msgspec.structs.replace(order().instrument, lot=lot)
    verdict = judged(order, view, limit, OnBreach.TRIM, quantity=quantity, instrument=instrument)
    if verdict.decision is Decision.TRIM:
        assert verdict.quantity is not None
        assert 0 < verdict.quantity <= min(quantity, limit)
        assert verdict.quantity % lot == 0
    else:
        assert (verdict.decision is Decision.ALLOW) == (quantity <= limit)


@pytest.mark.parametrize("written", [{}, {"quantity": 0}, {"quantity": float("nan")}, {"qty": 5}])
def test_parameters_that_limit_nothing_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, MaxOrderQtyParams, strict=False)


@pytest.mark.parametrize("written", [5, 5.0, "5"])
def test_a_number_may_be_written_as_toml_likes_it(written):
    assert msgspec.convert({"quantity": written}, MaxOrderQtyParams, strict=False).quantity == 5
