"""The signals that are in one state, as the Signal Log shows it: those that may be, by the database."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, select

from tradewire.domain.order import ChildState, ParentState
from tradewire.store.schema import child_orders, parent_orders, signals


class SignalFilter(StrEnum):
    """ACCEPTED: whatever was taken and is no copy. All others are states; see `state_of`."""

    ACCEPTED = "accepted"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    NO_MATCH = "no_match"
    WAITING = "waiting"
    ROUTED = "routed"
    WORKING = "working"
    PAUSED = "paused"
    UNKNOWN = "unknown"
    MIXED = "mixed"
    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    FAILED = "failed"
    TESTED = "tested"
    DONE = "done"

    @property
    def is_stored(self) -> bool:
        """Whether it stands in the signal's row; the others follow from its orders."""
        return self in _STORED


_STORED = frozenset(
    {SignalFilter.ACCEPTED, SignalFilter.INVALID, SignalFilter.DUPLICATE, SignalFilter.NO_MATCH}
)
_MINE = parent_orders.c.signal_id == signals.c.id


def narrowed(query: Select[Any], to: SignalFilter) -> Select[Any]:
    """`query` with all that are in the state, and where that follows from orders with few that are not."""
    return query.where(_condition(to))


def _condition(to: SignalFilter) -> ColumnElement[bool]:
    accepted = signals.c.status == SignalFilter.ACCEPTED.value
    match to:
        case SignalFilter.ACCEPTED | SignalFilter.INVALID | SignalFilter.DUPLICATE:
            return signals.c.status == to.value
        case SignalFilter.NO_MATCH:
            return signals.c.outcome == to.value
        case SignalFilter.WAITING:
            return and_(accepted, signals.c.routed_at.is_(None))
        case SignalFilter.ROUTED:
            return and_(
                accepted,
                signals.c.routed_at.is_not(None),
                signals.c.outcome.is_(None),
                ~exists().where(_MINE),
            )
        case SignalFilter.WORKING:
            return exists().where(_MINE, parent_orders.c.ended_at.is_(None))
        case SignalFilter.UNKNOWN:
            unknown = child_orders.c.state == ChildState.UNKNOWN.value
            return exists().where(_MINE, child_orders.c.parent_id == parent_orders.c.id, unknown)
        case SignalFilter.MIXED:
            other = parent_orders.alias()
            return exists().where(
                _MINE, other.c.signal_id == signals.c.id, other.c.state != parent_orders.c.state
            )
        case SignalFilter.FAILED:
            return (signals.c.outcome == to.value) | _has(to)
        case _:
            return _has(to)


def _has(state: SignalFilter) -> ColumnElement[bool]:
    return (
        select(parent_orders.c.id)
        .where(_MINE, parent_orders.c.state == ParentState(state.value).value)
        .exists()
    )
