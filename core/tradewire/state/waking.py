"""Making a parent due, in the transaction that changed something it waits for."""

from datetime import datetime

from sqlalchemy import Connection, or_, update

from tradewire.domain.order import ParentState
from tradewire.state import versions
from tradewire.store.schema import parent_orders


def wake(conn: Connection, account_id: str, parent_id: str, now: datetime) -> None:
    """Have the parent stepped, and void every plan that was made without this.

    One that is paused sleeps on, unless it is being cancelled: winding down needs no blueprint.
    """
    conn.execute(
        update(parent_orders)
        .where(
            parent_orders.c.id == parent_id,
            parent_orders.c.ended_at.is_(None),
            or_(parent_orders.c.state != ParentState.PAUSED.value, parent_orders.c.cancel_requested),
        )
        .values(wake_at=now, version=parent_orders.c.version + 1)
    )
    versions.bump(conn, account_id)
