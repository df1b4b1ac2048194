"""What a broker's word does to a stored child. Pure, and the same in whatever order the words arrive."""

from datetime import datetime
from decimal import Decimal

import msgspec

from tradewire.contract.broker import OrderState
from tradewire.domain.order import ChildOrder, ChildState

_ENDED = frozenset({ChildState.FILLED, ChildState.CANCELLED, ChildState.REJECTED, ChildState.EXPIRED})


def with_execution(child: ChildOrder, quantity: Decimal, at: datetime) -> ChildOrder:
    """The child after one more stored execution of `quantity`."""
    return _settled(msgspec.structs.replace(child, filled=child.filled + quantity), at)


def with_report(child: ChildOrder, report: OrderState, at: datetime) -> ChildOrder:
    """The child after what the broker says of the order; an end once reported is not taken back."""
    ended = child.reported_state if child.reported_state in _ENDED else None
    state = ended or (report.state if report.state in _ENDED else None)
    return _settled(
        msgspec.structs.replace(
            child,
            broker_order_id=report.broker_order_id or child.broker_order_id,
            reported_filled=max(child.reported_filled, report.filled),
            reported_state=state or child.reported_state,
            acknowledged_at=child.acknowledged_at or (None if state is ChildState.REJECTED else at),
            reason=child.reason if report.reject_kind is None else report.reject_kind.value,
            detail=child.detail if report.message is None else report.message,
        ),
        at,
    )


def acknowledged(child: ChildOrder, broker_order_id: str, at: datetime) -> ChildOrder:
    """The child after the broker accepted it; events may have said more already."""
    return _settled(
        msgspec.structs.replace(
            child,
            broker_order_id=broker_order_id or child.broker_order_id,
            acknowledged_at=child.acknowledged_at or at,
        ),
        at,
    )


def awaits_executions(child: ChildOrder) -> bool:
    """Whether the broker reports more filled than the executions that arrived so far add up to.

    "Filled" means all of it, whatever figure came along.
    """
    reported = child.quantity if child.reported_state is ChildState.FILLED else child.reported_filled
    return child.filled < reported


def _settled(child: ChildOrder, at: datetime) -> ChildOrder:
    """The state that follows from executions and reports; an order ends only once all its fills are here."""
    state = _state(child)
    if state is child.state:
        return child
    ended_at = (child.ended_at or at) if not state.is_open else None
    return msgspec.structs.replace(child, state=state, ended_at=ended_at)


def _state(child: ChildOrder) -> ChildState:
    if child.filled >= child.quantity:
        return ChildState.FILLED
    if child.reported_state in _ENDED and not awaits_executions(child):
        return child.reported_state
    if child.state in _ENDED:
        return child.state
    if child.filled > 0:
        return ChildState.PARTLY_FILLED
    if child.acknowledged_at is not None:
        return ChildState.ACKNOWLEDGED
    return child.state
