"""What a person has decided on an UNKNOWN order, applied in one transaction with all that it depends on."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from tradewire.brokerage.child_rows import changed, locked, note, save
from tradewire.brokerage.decisions import OrderDecision, settle
from tradewire.brokerage.outcomes import After
from tradewire.brokerage.release import instrument_of
from tradewire.brokerage.reports import BY_HAND, StoredReports, store_reports
from tradewire.contract.broker import Execution, OrderState, OrderUpdate
from tradewire.domain.base import Struct
from tradewire.domain.ledger import EntryKind
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.domain.quantity import canonical


class Applied(Struct):
    """What is to be done next: with the order, and with what is booked now."""

    after: After = After()
    stored: StoredReports = StoredReports()


def apply(conn: Connection, decision: OrderDecision, now: datetime) -> Applied:
    """Once: the decision is gone with it, and whoever read it before does nothing more. Where the broker was
    quicker it is void, and an alert says so."""
    child, parent = locked(conn, decision.client_id)
    if not settle(conn, decision):
        return Applied()
    if _is_void(child, decision):
        state = child.state.value.replace("_", " ")
        text = (
            f"What was decided by hand about an order is void: by then it was {state}, with "
            f"{canonical(child.filled)} filled, by the broker's own word."
        )
        note(conn, parent, child, EntryKind.ALERT_RAISED, now, text)
        return Applied()
    if decision.filled is None:
        # Counted, so that a look-up which is under way proves nothing of the copy that goes out now.
        save(conn, child, changed(child, state=ChildState.NEW, look_ups=child.look_ups + 1))
        return Applied(after=After(send=True))
    reports = _reports(conn, child, *decision.filled, now)
    return Applied(stored=store_reports(conn, child.account_id, reports, now))


def _is_void(child: ChildOrder, decision: OrderDecision) -> bool:
    if child.state is not ChildState.UNKNOWN:
        return True
    if decision.filled is None:
        return child.filled > 0
    return decision.filled[0] < child.filled


def _reports(
    conn: Connection, child: ChildOrder, quantity: Decimal, price: Decimal, now: datetime
) -> tuple[Execution | OrderUpdate, ...]:
    """That `quantity` of the order filled in all, and that the order is over, as a broker would tell it."""
    instrument = instrument_of(conn, child)
    over = OrderUpdate(
        order=OrderState(
            client_id=child.client_id,
            broker_order_id=child.broker_order_id or "",
            instrument_id=child.instrument_id,
            side=child.side,
            quantity=child.quantity,
            filled=quantity,
            state=ChildState.FILLED if quantity >= child.quantity else ChildState.CANCELLED,
        ),
        at=now,
    )
    if quantity == child.filled:
        return (over,)
    rest = Execution(
        execution_id=BY_HAND + child.client_id,
        client_id=child.client_id,
        broker_order_id=child.broker_order_id,
        instrument_id=child.instrument_id,
        side=child.side,
        quantity=quantity - child.filled,
        price=price,
        currency=instrument.currency,
        multiplier=instrument.multiplier,
        at=now,
    )
    return (rest, over)
