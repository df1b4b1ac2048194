"""Parent orders with their children, newest first."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import Connection, Row, select

from tradewire.contract.override import Note
from tradewire.domain.base import Struct
from tradewire.domain.order import ChildState, Goal, OrderType, ParentState, Purpose, Side, TimeInForce
from tradewire.domain.position import COST_STEP
from tradewire.domain.quantity import exact
from tradewire.domain.size import SizeKind
from tradewire.services.naming import account_names, algorithm_names, only_of
from tradewire.services.numbers import Number, shown, shown_or_none
from tradewire.services.paging import DEFAULT_LIMIT, cut, page_of
from tradewire.services.sizes import Currencies, currencies_of, size_told
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, fills, parent_orders

#: More than a statement takes parameters for is never asked at once.
_BATCH = 200


class ChildView(Struct):
    client_id: str
    side: Side
    quantity: Number
    filled: Number
    order_type: OrderType
    limit_price: Number | None
    stop_price: Number | None
    time_in_force: TimeInForce
    state: ChildState
    broker_order_id: str | None
    reason: str | None
    detail: str | None
    created_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    ended_at: datetime | None


class OrderView(Struct):
    """`average_price` over its fills, per unit in the instrument's currency; None without one. `goal` is what
    it aims at beside its side and quantity. `size` is what it was asked for as text, such as "$1,000", where
    that is not units; `sized` says how the quantity came of it."""

    id: str
    signal_id: str
    leg: int
    algorithm: str
    account: str
    purpose: Purpose
    goal: Goal | None
    symbol: str
    instrument_id: str | None
    side: Side | None
    quantity: Number | None
    filled: Number
    target: Number | None
    size: str | None
    sized: str | None
    average_price: Number | None
    blueprint: str
    order_type: OrderType | None
    limit_price: Number | None
    stop_price: Number | None
    time_in_force: TimeInForce | None
    state: ParentState
    reason: str | None
    detail: str | None
    cancel_requested: bool
    test: bool
    notes: tuple[Note, ...]
    created_at: datetime
    admitted_at: datetime | None
    ended_at: datetime | None
    children: tuple[ChildView, ...]


class OrderPage(Struct):
    items: tuple[OrderView, ...]
    next: str | None = None


class Orders:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self,
        *,
        account: str | None = None,
        algorithm: str | None = None,
        state: ParentState | None = None,
        live: bool = False,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> OrderPage:
        """A page of orders; `account` and `algorithm` are names or ids, `live` leaves out what has ended."""

        def unit(conn: Connection) -> OrderPage:
            query = only_of(conn, select(parent_orders), parent_orders, account, algorithm)
            if state is not None:
                query = query.where(parent_orders.c.state == state.value)
            if live:
                query = query.where(parent_orders.c.ended_at.is_(None))
            rows, more = cut(conn.execute(page_of(query, parent_orders.c.seq, limit, after)).all(), limit)
            return OrderPage(items=order_views(conn, rows), next=more)

        return await self._store.read(unit)


def order_views(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[OrderView, ...]:
    """Rows of `parent_orders` with their children and the names of what they belong to."""
    owners, traders = account_names(conn), algorithm_names(conn)
    children: dict[str, list[ChildView]] = {}
    prices: dict[str, tuple[Decimal, Decimal]] = {}
    ids = [row.id for row in rows]
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        theirs = select(child_orders).where(child_orders.c.parent_id.in_(some)).order_by(child_orders.c.seq)
        for row in conn.execute(theirs):
            children.setdefault(row.parent_id, []).append(child_view(row))
        executed = select(fills.c.parent_id, fills.c.quantity, fills.c.price).where(
            fills.c.parent_id.in_(some)
        )
        for row in conn.execute(executed):
            quantity, value = prices.get(row.parent_id, (Decimal(0), Decimal(0)))
            with localcontext(exact()):
                prices[row.parent_id] = (quantity + row.quantity, value + row.quantity * row.price)
    currencies = currencies_of(conn, {row.symbol for row in rows})
    return tuple(
        _view(
            row,
            owners,
            traders,
            tuple(children.get(row.id, ())),
            _average(prices.get(row.id)),
            _size(row, currencies),
        )
        for row in rows
    )


def _size(row: Row[Any], currencies: Currencies) -> str | None:
    kind = SizeKind(row.size_kind) if row.size_kind is not None else None
    if kind in (None, SizeKind.QUANTITY):
        return None
    return size_told(row.size, kind, currencies.of(kind, row.account_id, row.symbol))


def _average(sums: tuple[Decimal, Decimal] | None) -> Decimal | None:
    if sums is None or sums[0] == 0:
        return None
    with localcontext(exact()):
        return (sums[1] / sums[0]).quantize(COST_STEP)


def child_view(row: Row[Any]) -> ChildView:
    return ChildView(
        client_id=row.client_id,
        side=Side(row.side),
        quantity=shown(row.quantity),
        filled=shown(row.filled),
        order_type=OrderType(row.order_type),
        limit_price=shown_or_none(row.limit_price),
        stop_price=shown_or_none(row.stop_price),
        time_in_force=TimeInForce(row.time_in_force),
        state=ChildState(row.state),
        broker_order_id=row.broker_order_id,
        reason=row.reason,
        detail=row.detail,
        created_at=row.created_at,
        sent_at=row.sent_at,
        acknowledged_at=row.acknowledged_at,
        ended_at=row.ended_at,
    )


def _view(
    row: Row[Any],
    owners: dict[str, str],
    traders: dict[str, str],
    children: tuple[ChildView, ...],
    average: Decimal | None,
    size: str | None,
) -> OrderView:
    return OrderView(
        id=row.id,
        signal_id=row.signal_id,
        leg=row.leg,
        algorithm=traders.get(row.algorithm_id, row.algorithm_id),
        account=owners.get(row.account_id, row.account_id),
        purpose=Purpose(row.purpose),
        goal=Goal(row.goal) if row.goal is not None else None,
        symbol=row.symbol,
        instrument_id=row.instrument_id,
        side=Side(row.side) if row.side is not None else None,
        quantity=shown_or_none(row.quantity),
        filled=shown(row.filled),
        target=shown_or_none(row.target),
        size=size,
        sized=row.sized,
        average_price=shown_or_none(average),
        blueprint=row.blueprint,
        order_type=OrderType(row.order_type) if row.order_type is not None else None,
        limit_price=shown_or_none(row.limit_price),
        stop_price=shown_or_none(row.stop_price),
        time_in_force=TimeInForce(row.time_in_force) if row.time_in_force is not None else None,
        state=ParentState(row.state),
        reason=row.reason,
        detail=row.detail,
        cancel_requested=row.cancel_requested,
        test=row.test,
        notes=row.notes or (),
        created_at=row.created_at,
        admitted_at=row.admitted_at,
        ended_at=row.ended_at,
        children=children,
    )
