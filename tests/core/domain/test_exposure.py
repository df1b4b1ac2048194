from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewire import Exposure, Side

amounts = st.integers(0, 100).map(Decimal)
exposures = st.builds(
    Exposure,
    instrument_id=st.just("AAPL"),
    position=st.integers(-100, 100).map(Decimal),
    live_buy=amounts,
    live_sell=amounts,
    foreign_buy=amounts,
    foreign_sell=amounts,
)


@given(exposure=exposures, data=st.data())
def test_whatever_part_of_the_orders_fills_the_position_stays_between_lowest_and_highest(exposure, data):
    filled = {
        name: data.draw(st.integers(0, int(getattr(exposure, name))))
        for name in ("live_buy", "live_sell", "foreign_buy", "foreign_sell")
    }
    bought, sold = filled["live_buy"] + filled["foreign_buy"], filled["live_sell"] + filled["foreign_sell"]
    position = exposure.position + bought - sold
    assert exposure.lowest <= position <= exposure.highest
    assert abs(position) <= exposure.worst()


@given(exposure=exposures, side=st.sampled_from(Side), quantity=amounts)
def test_one_more_order_moves_the_bound_on_its_own_side_only(exposure, side, quantity):
    after = exposure.adding(side, quantity)
    if side is Side.BUY:
        assert (after.highest, after.lowest) == (exposure.highest + quantity, exposure.lowest)
    else:
        assert (after.highest, after.lowest) == (exposure.highest, exposure.lowest - quantity)


@given(exposure=exposures, side=st.sampled_from(Side), quantity=amounts, filled=st.integers(0, 100))
def test_a_fill_of_a_live_order_never_widens_the_exposure(exposure, side, quantity, filled):
    before = exposure.adding(side, quantity)
    done = min(quantity, Decimal(filled))
    after = Exposure(
        instrument_id="AAPL",
        position=before.position + side.sign * done,
        live_buy=before.live_buy - (done if side is Side.BUY else 0),
        live_sell=before.live_sell - (done if side is Side.SELL else 0),
        foreign_buy=before.foreign_buy,
        foreign_sell=before.foreign_sell,
    )
    assert before.lowest <= after.lowest <= after.highest <= before.highest


def test_without_position_and_orders_there_is_no_exposure():
    assert Exposure(instrument_id="AAPL").worst() == 0
