"""The Signal Log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Message
from tradewire.domain.order import ChildState, ParentState
from tradewire.services.naming import algorithm_names, ids_of
from tradewire.services.numbers import Number, shown_or_none
from tradewire.services.paging import DEFAULT_LIMIT, cut, page_of
from tradewire.services.signal_state import Run, state_of
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders, signals


class SignalView(Struct):
    """One message. `time` is the message's own; `state` sums up what its algorithms did.

    `symbol`, `action` and `quantity` are as received; None where the message left them out or is unreadable.
    """

    id: str
    state: str
    reason: str | None
    provider: str
    connection: str
    source: str
    strategy_id: str | None
    symbol: str | None
    action: Action | None
    quantity: Number | None
    test: bool
    duplicate_of: str | None
    time: datetime | None
    received_at: datetime
    accepted_at: datetime
    routed_at: datetime | None
    runs: tuple[Run, ...]


class SignalPage(Struct):
    items: tuple[SignalView, ...]
    next: str | None = None


class Signals:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self,
        *,
        status: str | None = None,
        algorithm: str | None = None,
        strategy_id: str | None = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> SignalPage:
        """A page of the log. `status`: accepted, invalid, duplicate or no_match; `algorithm`: name or id."""

        def unit(conn: Connection) -> SignalPage:
            query = select(signals)
            if status == "no_match":
                query = query.where(signals.c.outcome == status)
            elif status is not None:
                query = query.where(signals.c.status == status)
            if strategy_id is not None:
                query = query.where(signals.c.strategy_id == strategy_id)
            if algorithm is not None:
                its = ids_of(conn, "algorithm", algorithm)
                mine = select(parent_orders.c.signal_id).where(parent_orders.c.algorithm_id.in_(its))
                query = query.where(signals.c.id.in_(mine))
            rows, more = cut(conn.execute(page_of(query, signals.c.seq, limit, after)).all(), limit)
            return SignalPage(items=signal_views(conn, rows), next=more)

        return await self._store.read(unit)


def signal_views(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[SignalView, ...]:
    """Rows of `signals` with what became of them."""
    runs = _runs(conn, [row.id for row in rows])
    return tuple(_view(row, tuple(runs.get(row.id, ()))) for row in rows)


def _runs(conn: Connection, ids: list[str]) -> dict[str, list[Run]]:
    traders = algorithm_names(conn)
    rows = conn.execute(
        select(parent_orders).where(parent_orders.c.signal_id.in_(ids)).order_by(parent_orders.c.seq)
    ).all()
    unknown = {
        parent
        for (parent,) in conn.execute(
            select(child_orders.c.parent_id).where(
                child_orders.c.parent_id.in_([row.id for row in rows]),
                child_orders.c.state == ChildState.UNKNOWN.value,
            )
        )
    }
    runs: dict[str, list[Run]] = {}
    for row in rows:
        run = Run(
            parent_id=row.id,
            algorithm=traders.get(row.algorithm_id, row.algorithm_id),
            state=ParentState(row.state),
            unknown=row.id in unknown,
            reason=row.reason,
            detail=row.detail,
        )
        runs.setdefault(row.signal_id, []).append(run)
    return runs


def _view(row: Row[Any], runs: tuple[Run, ...]) -> SignalView:
    message: Message | None = row.message
    state, reason = state_of(row.status, row.routed_at is not None, row.outcome, row.reason, runs)
    return SignalView(
        id=row.id,
        state=state,
        reason=reason,
        provider=row.provider,
        connection=row.connection,
        source=row.source,
        strategy_id=row.strategy_id,
        symbol=message.symbol if message is not None else None,
        action=message.action if message is not None else None,
        quantity=shown_or_none(message.quantity) if message is not None else None,
        test=row.test,
        duplicate_of=row.duplicate_of,
        time=message.time if message is not None else None,
        received_at=row.received_at,
        accepted_at=row.accepted_at,
        routed_at=row.routed_at,
        runs=runs,
    )
