"""A person cancels one order: the same way as a later signal of its algorithm would."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import ParentOrder
from tradewire.ledger.append import append
from tradewire.services.bells import Bells
from tradewire.services.orders import OrderView, order_views
from tradewire.services.refusal import Code, Refused
from tradewire.state import versions
from tradewire.state.rows import parent_of
from tradewire.state.waking import wake
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders


class Cancellation:
    def __init__(self, store: Store, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def cancel(self, reference: str, by: str, reason: str | None = None) -> OrderView:
        """End an order: nothing more of it is placed, and what is open at the broker is cancelled there.

        `reference` is the beginning of the order's id, or of the id of one that was placed for it. The order
        is over once nothing of it can fill any more: one whose fate is unknown is looked up first, and what
        fills meanwhile is kept. Refuses an order that has ended or is being cancelled already.
        """
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[OrderView, str]:
            versions.lock(conn, _live(conn, reference).account_id)
            # Again: until it was locked, it may have ended.
            parent = _live(conn, reference)
            request_cancel(conn, parent, by, reason or f"Cancelled by {by}.", now)
            row = conn.execute(select(parent_orders).where(parent_orders.c.id == parent.id)).one()
            return order_views(conn, [row])[0], parent.account_id

        view, account_id = await self._store.write(unit)
        self._bells.work(account_id)
        return view


def request_cancel(conn: Connection, parent: ParentOrder, by: str, reason: str, now: datetime) -> None:
    """Have a live order wound down by whoever serves its account; the ledger keeps who asked, and why."""
    conn.execute(update(parent_orders).where(parent_orders.c.id == parent.id).values(cancel_requested=True))
    wake(conn, parent.account_id, parent.id, now)
    entry = Entry(
        at=now,
        kind=EntryKind.PARENT_CANCEL_REQUESTED,
        signal_id=parent.signal_id,
        parent_id=parent.id,
        account_id=parent.account_id,
        algorithm_id=parent.algorithm_id,
        by=by,
        reason=reason,
    )
    append(conn, [entry])


def _live(conn: Connection, reference: str) -> ParentOrder:
    wanted = reference.strip().lower()
    if not wanted or not all(letter in "0123456789abcdef" for letter in wanted):
        raise Refused(
            Code.INVALID,
            f'"{reference}" is not the beginning of an order\'s id; `tradewire orders --live` lists them.',
        )
    placed = select(child_orders.c.parent_id).where(child_orders.c.client_id.startswith(wanted))
    query = select(parent_orders).where(
        parent_orders.c.id.startswith(wanted) | parent_orders.c.id.in_(placed)
    )
    found = [parent_of(row) for row in conn.execute(query)]
    if not found:
        raise Refused(
            Code.NOT_FOUND, f"No order's id begins with {wanted}; `tradewire orders --live` lists them."
        )
    live = [one for one in found if one.state.is_live]
    if not live:
        state = found[0].state.replace("_", " ")
        raise Refused(Code.CONFLICT, f"The order is over already: {state}. There is nothing to cancel.")
    if len(live) > 1:
        some = ", ".join(one.id for one in live[:5])
        raise Refused(
            Code.CONFLICT, f"Several live orders' ids begin with {wanted}; write more of it: {some}."
        )
    if live[0].cancel_requested:
        raise Refused(
            Code.CONFLICT,
            "The order is being cancelled already; it is over once the broker says that nothing is open.",
        )
    return live[0]
