"""Parents, views, and a small venue in an engine's place: it keeps children and does what it is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tradewire import (
    AssetClass,
    Blueprint,
    Cancel,
    Capabilities,
    ChildOrder,
    ChildState,
    DedupeClass,
    Finish,
    Instrument,
    OrderType,
    ParentOrder,
    ParentState,
    Place,
    Purpose,
    Quote,
    Side,
    Step,
    StepView,
    Supported,
    TimeInForce,
)
from tradewire.domain.ids import client_order_id

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
AAPL = Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD")
QUOTE = Quote(instrument_id="AAPL", bid=Decimal("99.98"), ask=Decimal("100.02"), last=Decimal(100), at=NOW)


def taking(
    *types: OrderType, tifs: tuple[TimeInForce, ...] = (TimeInForce.DAY, TimeInForce.GTC)
) -> Capabilities:
    orders = tuple(
        Supported(asset_class=AssetClass.STOCK, order_type=one, times_in_force=tifs) for one in types
    )
    return Capabilities(orders=orders, dedupe=DedupeClass.B)


class Venue:
    """One parent, worked. `step` asks the blueprint with the same view twice, and carries out the answer."""

    def __init__(self, blueprint: Blueprint, params: Any, parent: ParentOrder, **view: Any) -> None:
        self.blueprint = blueprint
        self.params = params
        self.parent = parent
        self.now = NOW
        self.children: list[ChildOrder] = []
        self.finish: Finish | None = None
        self.wake_at: datetime | None = None
        self.given = {"instrument": AAPL, "capabilities": taking(OrderType.MARKET, OrderType.LIMIT)} | view
        self.given.setdefault("quote", QUOTE)

    def view(self) -> StepView:
        return StepView(
            now=self.now,
            parent=self.parent,
            children=tuple(self.children),
            params=self.params,
            **self.given,
        )

    def step(self) -> Step:
        step = self.blueprint.step(self.view())
        assert self.blueprint.step(self.view()) == step
        for action in step.actions:
            assert self.finish is None
            self._carry_out(action)
        self.wake_at = step.wake_at
        return step

    def _carry_out(self, action: Place | Cancel | Finish) -> None:
        if isinstance(action, Place):
            self._place(action)
        elif isinstance(action, Cancel):
            index = next(i for i, one in enumerate(self.children) if one.client_id == action.client_id)
            assert self.children[index].state.is_open
            assert not self.children[index].cancel_requested
            self.change(index, cancel_requested=True)
        else:
            self._end(action)

    def _place(self, action: Place) -> None:
        client_id = client_order_id(self.parent.id, action.leg, action.slice, action.generation)
        assert client_id not in {child.client_id for child in self.children}
        assert not any(child.state.is_open for child in self.children)
        assert not self.parent.cancel_requested
        self.children.append(
            ChildOrder(
                client_id=client_id,
                parent_id=self.parent.id,
                account_id=self.parent.account_id,
                instrument_id=self.given["instrument"].id,
                leg=action.leg,
                slice=action.slice,
                generation=action.generation,
                side=self.parent.side or Side.BUY,
                quantity=action.quantity,
                order_type=action.order_type,
                limit_price=action.limit_price,
                time_in_force=action.time_in_force,
                created_at=self.now,
            )
        )
        assert action.quantity > 0
        assert self.filled() + self.working() <= self.quantity()

    def _end(self, action: Finish) -> None:
        """What core holds a Finish to: nothing open, nothing outstanding, and a state that fits the fills."""
        assert not any(child.state.is_open for child in self.children)
        assert self.parent.filled == self.filled()
        assert action.reason
        assert not action.state.is_live
        assert (action.state is ParentState.FILLED) == (self.filled() >= self.quantity())
        assert (action.state is ParentState.PARTLY_FILLED) == (0 < self.filled() < self.quantity())
        self.finish = action

    def quantity(self) -> Decimal:
        return self.parent.quantity or Decimal(0)

    def filled(self) -> Decimal:
        return sum((child.filled for child in self.children), Decimal(0))

    def working(self) -> Decimal:
        return sum((child.open_quantity for child in self.children), Decimal(0))

    def change(self, index: int, **changes: Any) -> None:
        self.children[index] = msgspec.structs.replace(self.children[index], **changes)

    def fill(self, index: int, quantity: Decimal) -> None:
        """A fill of an open child; the last one ends it."""
        child = self.children[index]
        quantity = min(quantity, child.quantity - child.filled)
        filled = child.filled + quantity
        state = ChildState.FILLED if filled == child.quantity else ChildState.PARTLY_FILLED
        self.change(index, filled=filled, state=state)
        self.parent = msgspec.structs.replace(self.parent, filled=self.parent.filled + quantity)

    def end(self, index: int, state: ChildState, **more: Any) -> None:
        self.change(index, state=state, ended_at=self.now, **more)

    def cancel(self) -> None:
        self.parent = msgspec.structs.replace(self.parent, cancel_requested=True)

    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def parent() -> Callable[..., ParentOrder]:
    def make(**changes: Any) -> ParentOrder:
        base = ParentOrder(
            id="p",
            signal_id="s",
            algorithm_id="alg",
            account_id="acc",
            purpose=Purpose.ENTRY,
            symbol="AAPL",
            instrument_id="AAPL",
            side=Side.BUY,
            quantity=Decimal(100),
            blueprint="any",
            state=ParentState.WORKING,
            created_at=NOW,
            admitted_at=NOW,
        )
        return msgspec.structs.replace(base, **changes)

    return make


@pytest.fixture(scope="session")
def venue() -> type[Venue]:
    return Venue


@pytest.fixture(scope="session")
def capabilities() -> Callable[..., Capabilities]:
    return taking


@pytest.fixture(scope="session")
def aapl() -> Instrument:
    return AAPL
