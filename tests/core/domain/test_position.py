from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Side
from tradewire.domain.position import Position, apply_fill

#: Wide enough for a test's own sums: what is compared must not be rounded by the comparison.
WIDE = Context(prec=400)


@pytest.fixture(autouse=True, scope="module")
def unrounded():
    with localcontext(WIDE):
        yield


quantities = st.one_of(
    st.decimals("0.00000001", 100_000, places=8), st.decimals("0.000000000000000001", "1e15", places=18)
)
prices = quantities
fees = st.decimals(-10, 10, places=4)
multipliers = st.sampled_from([Decimal(text) for text in ("1", "0.1", "50", "1000", "0.00001")])
fills = st.tuples(st.sampled_from(Side), quantities, prices, fees)


def worked(fills, multiplier):
    position = Position(multiplier=multiplier)
    for side, quantity, price, fee in fills:
        position, _ = apply_fill(position, side, quantity, price, fee)
    return position


@given(fills=st.lists(fills, max_size=30), mark=prices, multiplier=multipliers)
def test_realised_and_unrealised_are_the_change_of_cash_and_the_value_of_the_position(
    fills, mark, multiplier
):
    position = worked(fills, multiplier)
    assert (
        position.realised + position.unrealised(mark) == position.cash + position.quantity * mark * multiplier
    )


@given(fills=st.lists(fills, max_size=30), multiplier=multipliers)
def test_quantity_cash_and_fees_are_sums_of_the_fills(fills, multiplier):
    position = worked(fills, multiplier)
    assert position.quantity == sum((q * side.sign for side, q, _, _ in fills), Decimal(0))
    assert position.cash == -sum(
        (q * side.sign * price * multiplier for side, q, price, _ in fills), Decimal(0)
    )
    assert position.fees == sum((fee for *_, fee in fills), Decimal(0))


@given(fills=st.lists(st.tuples(st.integers(0, 2), fills), max_size=30), mark=prices, multiplier=multipliers)
def test_the_profits_of_all_algorithms_are_the_accounts(fills, mark, multiplier):
    each = [worked([fill for owner, fill in fills if owner == one], multiplier) for one in range(3)]
    account = worked([fill for _, fill in fills], multiplier)
    totals = [one.realised + one.unrealised(mark) for one in each]
    assert sum(totals, Decimal(0)) == account.realised + account.unrealised(mark)
    assert sum((one.fees for one in each), Decimal(0)) == account.fees


@given(fills=st.lists(fills, max_size=20), multiplier=multipliers)
def test_each_fills_profit_is_what_it_adds_to_realised(fills, multiplier):
    position = Position(multiplier=multiplier)
    for side, quantity, price, fee in fills:
        after, profit = apply_fill(position, side, quantity, price, fee)
        assert after.realised - position.realised == profit
        opens = position.quantity * side.sign >= 0
        assert profit == 0 or not opens
        position = after


@given(fills=st.lists(fills, max_size=20), multiplier=multipliers, mark=prices)
def test_a_flat_position_has_no_cost_and_has_realised_all_its_cash(fills, multiplier, mark):
    position = worked(fills, multiplier)
    if position.quantity != 0:
        side = Side.SELL if position.quantity > 0 else Side.BUY
        position, _ = apply_fill(position, side, abs(position.quantity), mark)
    assert (position.quantity, position.cost) == (0, 0)
    assert position.realised == position.cash
    assert position.average_cost == 0


def test_the_widest_numbers_that_are_accepted_are_not_rounded():
    quantity, price = (
        Decimal("999999999999999.123456789012345678"),
        Decimal("999999999999999.987654321098765431"),
    )
    position, _ = apply_fill(Position(multiplier=Decimal("0.00001")), Side.BUY, quantity, price)
    assert position.cost == quantity * price * Decimal("0.00001")
    rest, _ = apply_fill(position, Side.SELL, Decimal("0.000000000000000007"), price)
    assert rest.realised - rest.cost == rest.cash


def test_an_average_price_is_kept_through_a_partial_close():
    position = worked([(Side.BUY, Decimal(10), Decimal(100), 0), (Side.BUY, Decimal(10), Decimal(110), 0)], 1)
    assert position.average_cost == 105
    after, profit = apply_fill(position, Side.SELL, Decimal(5), Decimal(120), Decimal("1.5"))
    assert (after.quantity, after.average_cost, profit, after.fees) == (15, 105, 75, Decimal("1.5"))


def test_a_flip_closes_at_the_old_cost_and_opens_the_rest_at_the_fills_price():
    long = worked([(Side.BUY, Decimal(3), Decimal(100), 0)], Decimal(50))
    short, profit = apply_fill(long, Side.SELL, Decimal(5), Decimal(90))
    assert (short.quantity, short.average_cost, profit) == (-2, 90, -1500)
    assert short.unrealised(Decimal(80)) == 1000
