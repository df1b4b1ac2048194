"""The Signal Log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Message
from tradewire.domain.order import ChildState, ParentState
from tradewire.domain.quantity import canonical
from tradewire.domain.size import SizeKind
from tradewire.services.naming import algorithm_names, ids_of
from tradewire.services.numbers import Number, shown_or_none
from tradewire.services.paging import DEFAULT_LIMIT, cut, page_of
from tradewire.services.signal_filter import SignalFilter, narrowed
from tradewire.services.signal_state import Run, state_of
from tradewire.services.sizes import Currencies, currencies_of, size_told
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders, signals

#: So many are read at a time where not all of them need be in the state that is asked for.
_AT_ONCE = 100


class SignalView(Struct):
    """One message. `time` is the message's own; `state` sums up what its algorithms did.

    `symbol`, `action` and `quantity` are as received; None where the message left them out or is unreadable.
    `quantity` is in what `quantity_kind` says (None: units), and `size` is both as text: "10", "$1,000".
    `wanted` is the position that the message leads to: a signed number, or a side.
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
    quantity_kind: SizeKind | None = None
    size: str | None = None
    wanted: str | None = None


class SignalPage(Struct):
    items: tuple[SignalView, ...]
    next: str | None = None


class Signals:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self,
        *,
        status: SignalFilter | None = None,
        algorithm: str | None = None,
        strategy_id: str | None = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> SignalPage:
        """A page of the log, of those in one state, or of what concerned an `algorithm` (name or id)."""

        def unit(conn: Connection) -> SignalPage:
            query = select(signals) if status is None else narrowed(select(signals), status)
            if strategy_id is not None:
                query = query.where(signals.c.strategy_id == strategy_id)
            if algorithm is not None:
                its = ids_of(conn, "algorithm", algorithm)
                mine = select(parent_orders.c.signal_id).where(parent_orders.c.algorithm_id.in_(its))
                query = query.where(signals.c.id.in_(mine))
            if status is None or status.is_stored:
                rows, more = cut(conn.execute(page_of(query, signals.c.seq, limit, after)).all(), limit)
                return SignalPage(items=signal_views(conn, rows), next=more)
            return _page_in_state(conn, query, status, limit, after)

        return await self._store.read(unit)


def _page_in_state(
    conn: Connection, query: Select[Any], state: SignalFilter, limit: int, after: str | None
) -> SignalPage:
    """Read on until there are enough that are really in this state."""
    found: list[tuple[int, SignalView]] = []
    at_once, more = max(limit, _AT_ONCE), after
    page_of(query, signals.c.seq, limit, after)  # refuses a limit that there is not
    while len(found) <= limit:
        rows, more = cut(conn.execute(page_of(query, signals.c.seq, at_once, more)).all(), at_once)
        views = zip(rows, signal_views(conn, rows), strict=True)
        found += [(row.seq, view) for row, view in views if view.state == state]
        if more is None:
            break
    shown = tuple(view for _, view in found[:limit])
    return SignalPage(items=shown, next=str(found[limit - 1][0]) if len(found) > limit else None)


def signal_views(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[SignalView, ...]:
    """Rows of `signals` with what became of them."""
    orders = _orders(conn, [row.id for row in rows])
    currencies = currencies_of(conn, {one.symbol for its in orders.values() for one in its})
    runs = _runs(conn, orders)
    return tuple(
        _view(row, tuple(runs.get(row.id, ())), _size(row.message, orders.get(row.id, ()), currencies))
        for row in rows
    )


def _orders(conn: Connection, ids: list[str]) -> dict[str, list[Row[Any]]]:
    """The parent orders of each signal, in the order of their making."""
    found: dict[str, list[Row[Any]]] = {}
    query = select(parent_orders).where(parent_orders.c.signal_id.in_(ids)).order_by(parent_orders.c.seq)
    for row in conn.execute(query):
        found.setdefault(row.signal_id, []).append(row)
    return found


def _size(message: Message | None, orders: Sequence[Row[Any]], currencies: Currencies) -> str | None:
    """The message's size; in the currency of the first order that came of it."""
    if message is None:
        return None
    kind = message.quantity_kind
    currency = currencies.of(kind, orders[0].account_id, orders[0].symbol) if orders else None
    return size_told(message.quantity, kind, currency)


def _wanted(message: Message) -> str | None:
    if message.target is not None:
        return canonical(message.target)
    return message.sentiment.value if message.sentiment is not None else None


def _runs(conn: Connection, orders: dict[str, list[Row[Any]]]) -> dict[str, list[Run]]:
    traders = algorithm_names(conn)
    rows = [row for its in orders.values() for row in its]
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


def _view(row: Row[Any], runs: tuple[Run, ...], size: str | None) -> SignalView:
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
        quantity_kind=message.quantity_kind if message is not None else None,
        size=size,
        wanted=_wanted(message) if message is not None else None,
        test=row.test,
        duplicate_of=row.duplicate_of,
        time=message.time if message is not None else None,
        received_at=row.received_at,
        accepted_at=row.accepted_at,
        routed_at=row.routed_at,
        runs=runs,
    )
