from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import (
    AssetClass,
    ChildOrder,
    ChildState,
    Instrument,
    OrderType,
    ParentOrder,
    ParentState,
    Purpose,
    Side,
    TimeInForce,
)
from tradewire.contract.working import awaits_fills, conclusion, releasable, size_problems

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PARENT = ParentOrder(
    id="p",
    signal_id="s",
    algorithm_id="a",
    account_id="c",
    purpose=Purpose.ENTRY,
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(100),
    blueprint="market",
    created_at=NOW,
)


def child(state, filled=0, quantity=100, **more):
    return ChildOrder(
        client_id="x",
        parent_id="p",
        account_id="c",
        instrument_id="AAPL",
        side=Side.BUY,
        quantity=Decimal(quantity),
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        state=state,
        filled=Decimal(filled),
        created_at=NOW,
        **more,
    )


def filled(quantity):
    return msgspec.structs.replace(PARENT, filled=Decimal(quantity))


children = st.lists(
    st.builds(child, st.sampled_from(ChildState), st.integers(0, 40), st.integers(40, 60)), max_size=4
)


@given(children=children, parents=st.integers(0, 100), lot=st.sampled_from(["1", "0.1", "7"]))
def test_what_may_be_released_fits_beside_what_is_filled_and_open(children, parents, lot):
    left = releasable(filled(parents), children, Decimal(lot))
    working = sum((one.open_quantity for one in children), Decimal(0))
    known = max(parents, sum((one.filled for one in children), Decimal(0)))
    assert left >= 0
    assert left % Decimal(lot) == 0
    assert left == 0 or left + working + known <= 100


def test_an_order_of_unknown_state_counts_as_open_in_full():
    assert releasable(PARENT, [child(ChildState.UNKNOWN, quantity=60)], Decimal(1)) == 40


@pytest.mark.parametrize(
    ("one", "parents", "awaits"),
    [
        (child(ChildState.FILLED, 100), 100, False),
        (child(ChildState.FILLED, 60), 60, True),
        (child(ChildState.CANCELLED, 60), 40, True),
        (child(ChildState.CANCELLED, 60), 60, False),
        (child(ChildState.ACKNOWLEDGED, 60), 40, False),
    ],
)
def test_fills_are_awaited_of_an_ended_order_that_told_of_more(one, parents, awaits):
    assert awaits_fills(filled(parents), one) is awaits


def test_an_end_carries_its_orders_reason():
    ended = conclusion(PARENT, child(ChildState.REJECTED, reason="market_closed", detail="It is Sunday."))
    assert (ended.state, ended.reason) == (ParentState.REJECTED, "market_closed")
    assert ended.message == "0 of 100 filled; It is Sunday."


def test_a_late_fill_turns_a_cancelled_end_into_a_filled_one():
    assert conclusion(filled(100), child(ChildState.CANCELLED, 100)).state is ParentState.FILLED


def test_a_quantity_that_is_not_known_yet_has_no_problem():
    aapl = Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD")
    assert size_problems(None, aapl) == ()
