"""What a session reads of its own account."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from tradewire.brokerage import merging
from tradewire.contract.broker import OrderState
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.state.rows import child_of
from tradewire.store.schema import child_orders, instruments, positions


def unsent(conn: Connection, account_id: str) -> list[ChildOrder]:
    """Children stored and not yet sent, in the order of their placing."""
    return [child for child in _open(conn, account_id) if child.state is ChildState.NEW]


def open_child(conn: Connection, client_id: str) -> ChildOrder | None:
    """The child, if it has not ended."""
    row = conn.execute(select(child_orders).where(child_orders.c.client_id == client_id)).one_or_none()
    return None if row is None or row.ended_at is not None else child_of(row)


def gone(conn: Connection, account_id: str, orders: Sequence[OrderState]) -> tuple[str, ...]:
    """The client ids of acknowledged orders that the broker's open `orders` no longer show: they have ended
    while nobody listened."""
    there = {order.client_id for order in orders} | {order.broker_order_id for order in orders}
    return tuple(
        child.client_id
        for child in _open(conn, account_id)
        if child.state in (ChildState.ACKNOWLEDGED, ChildState.PARTLY_FILLED)
        and not {child.client_id, child.broker_order_id} & there
    )


def being_cancelled(conn: Connection, account_id: str) -> list[ChildOrder]:
    """Orders at the broker whose cancel was asked for and has not come about: it may never have arrived."""
    return [
        child for child in _open(conn, account_id) if child.cancel_requested and child.sent_at is not None
    ]


def awaiting(conn: Connection, account_id: str) -> list[ChildOrder]:
    """Open orders that are reported filled by more than their executions add up to."""
    return [child for child in _open(conn, account_id) if merging.awaits_executions(child)]


def _open(conn: Connection, account_id: str) -> list[ChildOrder]:
    query = select(child_orders).where(
        child_orders.c.account_id == account_id, child_orders.c.ended_at.is_(None)
    )
    return [child_of(row) for row in conn.execute(query.order_by(child_orders.c.seq))]


def known_instruments(conn: Connection, account_id: str) -> list[Instrument]:
    query = select(instruments.c.document).where(instruments.c.account_id == account_id)
    return list(conn.execute(query).scalars())


def held_instruments(conn: Connection, account_id: str) -> list[str]:
    query = select(positions).where(positions.c.account_id == account_id)
    return [row.instrument_id for row in conn.execute(query) if row.quantity != 0]


def currencies(conn: Connection, account_id: str) -> frozenset[str]:
    """The currencies in which the account has positions, profit or fees."""
    query = select(positions.c.currency).where(positions.c.account_id == account_id).distinct()
    return frozenset(currency for currency in conn.execute(query).scalars() if currency)
