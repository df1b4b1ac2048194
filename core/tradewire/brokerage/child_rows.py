"""One child order's row: read under its account's lock, written where it changed, noted in the ledger."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from tradewire.brokerage.release import entry_of_child
from tradewire.domain.ledger import EntryKind
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import child_of, columns, parent_of
from tradewire.store.schema import child_orders, parent_orders


def locked(conn: Connection, client_id: str) -> tuple[ChildOrder, ParentOrder]:
    """The child and its parent, which nobody else changes until the transaction ends."""
    versions.lock_owner_of(conn, client_id)
    return load(conn, client_id)


def load(conn: Connection, client_id: str) -> tuple[ChildOrder, ParentOrder]:
    """The child and its parent as they stand."""
    child = child_of(conn.execute(select(child_orders).where(child_orders.c.client_id == client_id)).one())
    parent = parent_of(conn.execute(select(parent_orders).where(parent_orders.c.id == child.parent_id)).one())
    return child, parent


def changed(child: ChildOrder, **fields: Any) -> ChildOrder:
    """`child` with other values in these fields."""
    return msgspec.structs.replace(child, **fields)


def save(conn: Connection, before: ChildOrder, after: ChildOrder) -> None:
    """Write the row, unless nothing of it is new."""
    if after != before:
        conn.execute(
            update(child_orders)
            .where(child_orders.c.client_id == after.client_id)
            .values(**columns(after, ("client_id",)))
        )


def note(
    conn: Connection,
    parent: ParentOrder,
    child: ChildOrder,
    kind: EntryKind,
    now: datetime,
    reason: str | None,
    by: str | None = None,
    **data: Any,
) -> None:
    """An entry of the ledger about the child."""
    append(conn, [entry_of_child(parent, child, kind, now, reason, by, **data)])
