"""A broker that tells the truth, in any order and as often as it likes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tradewire.contract.broker import Execution, OrderRequest, OrderState, OrderUpdate
from tradewire.domain.order import ChildState

ENDED = (ChildState.FILLED, ChildState.CANCELLED, ChildState.REJECTED, ChildState.EXPIRED)


@dataclass
class Working:
    """One order as the broker has it."""

    request: OrderRequest
    broker_order_id: str
    state: ChildState = ChildState.ACKNOWLEDGED
    filled: Decimal = Decimal(0)
    executions: list[Execution] = field(default_factory=list)

    @property
    def open(self) -> Decimal:
        return Decimal(0) if self.state in ENDED else self.request.quantity - self.filled

    def shown(self) -> OrderState:
        return OrderState(
            client_id=self.request.client_id,
            broker_order_id=self.broker_order_id,
            instrument_id=self.request.instrument.id,
            side=self.request.side,
            quantity=self.request.quantity,
            filled=self.filled,
            state=self.state,
        )


class SimulatedBroker:
    """One account. `told` holds every event it has ever sent; nothing of it is ever taken back."""

    def __init__(self) -> None:
        self.orders: dict[str, Working] = {}
        self.told: list[Execution | OrderUpdate] = []
        self.transmissions: dict[str, int] = {}

    def take(self, request: OrderRequest, at: datetime) -> Working:
        """Class A: the second copy of an id is answered with the first."""
        if request.client_id not in self.orders:
            order = Working(request=request, broker_order_id=f"b-{request.client_id}")
            self.orders[request.client_id] = order
            self._tell(order, at)
        return self.orders[request.client_id]

    def fill(self, order: Working, quantity: Decimal, price: Decimal, at: datetime) -> None:
        quantity = min(quantity, order.open)
        order.filled += quantity
        order.state = (
            ChildState.FILLED if order.filled == order.request.quantity else ChildState.PARTLY_FILLED
        )
        request = order.request
        execution = Execution(
            execution_id=f"{request.client_id}-{len(order.executions)}",
            client_id=request.client_id,
            broker_order_id=order.broker_order_id,
            instrument_id=request.instrument.id,
            side=request.side,
            quantity=quantity,
            price=price,
            currency=request.instrument.currency,
            fee=Decimal("0.35"),
            at=at,
        )
        order.executions.append(execution)
        self.told.append(execution)
        self._tell(order, at)

    def end(self, order: Working, state: ChildState, at: datetime) -> None:
        order.state = state
        self._tell(order, at)

    def position(self) -> dict[str, Decimal]:
        held: dict[str, Decimal] = {}
        for order in self.orders.values():
            name = order.request.instrument.id
            held[name] = held.get(name, Decimal(0)) + order.request.side.sign * order.filled
        return held

    def live(self) -> list[Working]:
        return [order for order in self.orders.values() if order.open > 0]

    def _tell(self, order: Working, at: datetime) -> None:
        self.told.append(OrderUpdate(order=order.shown(), at=at))
