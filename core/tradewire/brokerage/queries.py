"""What a session reads of its own account."""

from sqlalchemy import Connection, select

from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.engine.rows import child_of
from tradewire.store.schema import child_orders, instruments, positions


def unsent(conn: Connection, account_id: str) -> list[ChildOrder]:
    """Children stored and not yet sent, in the order of their placing."""
    query = select(child_orders).where(
        child_orders.c.account_id == account_id,
        child_orders.c.ended_at.is_(None),
        child_orders.c.state == ChildState.NEW.value,
    )
    return [child_of(row) for row in conn.execute(query.order_by(child_orders.c.seq))]


def open_child(conn: Connection, client_id: str) -> ChildOrder | None:
    """The child, if it has not ended."""
    row = conn.execute(select(child_orders).where(child_orders.c.client_id == client_id)).one_or_none()
    return None if row is None or row.ended_at is not None else child_of(row)


def known_instruments(conn: Connection, account_id: str) -> list[Instrument]:
    query = select(instruments.c.document).where(instruments.c.account_id == account_id)
    return list(conn.execute(query).scalars())


def held_instruments(conn: Connection, account_id: str) -> list[str]:
    query = select(positions).where(positions.c.account_id == account_id)
    return [row.instrument_id for row in conn.execute(query) if row.quantity != 0]
