from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewire import ChildState, OrderType, ParentState
from tradewire.testing import WorkedOrder, builders, load
from tradewire.testing.contracts import BlueprintContract
from tradewire_scale_in import ScaleIn, ScaleInParams


class TestContract(BlueprintContract):
    blueprint = ScaleIn()
    params = {"parts": 3}


def worked(quantity: str = "100", lot: str = "1", **params: int) -> WorkedOrder:
    parent = builders.parent(quantity=Decimal(quantity))
    instrument = builders.instrument(lot=Decimal(lot))
    return WorkedOrder(ScaleIn(), ScaleInParams(**params), parent, instrument=instrument)


def test_a_part_is_sent_once_the_last_has_filled_and_the_pause_is_over() -> None:
    order = worked(parts=4, pause_s=60)
    order.step()
    assert [child.quantity for child in order.children] == [25]
    order.step()
    assert len(order.children) == 1
    order.fill(0)
    order.step()
    assert len(order.children) == 1
    order.pass_time(60)
    order.step()
    assert [child.quantity for child in order.children] == [25, 25]


@given(
    quantity=st.decimals("40", "5000", places=1),
    parts=st.integers(2, 40),
    lot=st.sampled_from(["1", "0.1", "0.5"]),
)
def test_the_parts_add_up_to_the_order_in_whole_lots(quantity: Decimal, parts: int, lot: str) -> None:
    order = worked(str(quantity), lot, parts=parts, pause_s=0)
    while order.finish is None:
        order.step()
        for index in order.open_children():
            order.fill(index)
    assert quantity - Decimal(lot) < order.filled() <= quantity
    assert len(order.children) == parts


def test_a_refused_part_is_the_last() -> None:
    order = worked(parts=4)
    order.step()
    order.fill(0)
    order.pass_time(60)
    order.step()
    order.end(1, ChildState.REJECTED, reason="insufficient_funds", detail="No funds")
    order.step()
    assert order.finish is not None
    assert order.finish.state is ParentState.PARTLY_FILLED
    assert order.finish.message == "25 of 100 filled; No funds."


def test_cancelled_in_a_pause_it_ends_with_what_is_filled() -> None:
    order = worked(parts=4)
    order.step()
    order.fill(0)
    order.cancel()
    order.step()
    assert order.finish is not None
    assert order.finish.message == "25 of 100 filled; the rest was cancelled before it was sent."


def test_parts_that_are_too_small_are_refused_before_anything_is_sent() -> None:
    view = builders.step_view(parent=builders.parent(quantity=Decimal(3)))
    (problem,) = ScaleIn().validate(view.parent, ScaleInParams(parts=4), view.instrument, view.capabilities)
    assert problem.startswith("In 4 parts: The quantity 0.75 of AAPL comes to 0 in lots of 1")


def test_a_broker_without_market_orders_is_refused() -> None:
    view = builders.step_view(capabilities=builders.capabilities(OrderType.LIMIT))
    assert ScaleIn().validate(view.parent, ScaleInParams(), view.instrument, view.capabilities)


def test_it_is_found_by_its_name() -> None:
    assert list(load("tradewire_scale_in").blueprints) == ["scale_in"]
