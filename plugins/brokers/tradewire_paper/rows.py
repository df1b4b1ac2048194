"""The rows of an account's book: what is stored, one entry a row."""

from datetime import datetime
from decimal import Decimal

from tradewire import (
    ChildState,
    Execution,
    Instrument,
    OrderRequest,
    OrderState,
    RejectKind,
    Struct,
)
from tradewire_paper.faults import FaultKind


class Order(Struct, kw_only=True):
    """One order of the book.

    It may first fill at `due` (its latency), and ends at `expires_at` if that is set. `script` is the fault
    that it was accepted with. `fills` counts its executions.
    """

    request: OrderRequest
    broker_order_id: str
    state: ChildState = ChildState.ACKNOWLEDGED
    filled: Decimal = Decimal(0)
    fills: int = 0
    accepted_at: datetime
    due: datetime
    expires_at: datetime | None = None
    script: FaultKind | None = None
    message: str | None = None

    @property
    def client_id(self) -> str:
        return self.request.client_id

    @property
    def instrument(self) -> Instrument:
        return self.request.instrument

    @property
    def open_quantity(self) -> Decimal:
        """The quantity that may still fill, in units."""
        return self.request.quantity - self.filled if self.state.is_open else Decimal(0)

    def as_state(self) -> OrderState:
        """The order as a session shows it."""
        return OrderState(
            client_id=self.client_id,
            broker_order_id=self.broker_order_id,
            instrument_id=self.instrument.id,
            side=self.request.side,
            quantity=self.request.quantity,
            filled=self.filled,
            state=self.state,
            reject_kind=RejectKind.OTHER if self.state is ChildState.REJECTED else None,
            message=self.message,
        )


class Trade(Struct):
    """One execution, and the signed `cash` it moved, fee included, in the account's currency."""

    execution: Execution
    cash: Decimal


class Holding(Struct):
    """A signed position; `average_price` is per unit, zero when flat."""

    instrument: Instrument
    quantity: Decimal
    average_price: Decimal


class Change(Struct):
    """What one step does to the book; stored in one transaction before anybody is told."""

    orders: tuple[Order, ...] = ()
    trades: tuple[Trade, ...] = ()
    holdings: tuple[Holding, ...] = ()
    cash: Decimal | None = None
