"""Comparing an account with its broker: what is open, what was executed, what is held.

Nothing new is sent for an account before this was done; a position that changed behind Tradewire's back
halts the account and is reported, never traded away.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, case, func, insert, or_, select, update

from tradewire.brokerage.market_view import ForeignOrder
from tradewire.brokerage.unusable import EARLIEST, flaw
from tradewire.contract.broker import BrokerPosition, OrderState
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.quantity import ZERO, canonical
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.switches import set_switch
from tradewire.store.schema import child_orders, fills, leases, positions


class Drift(Struct):
    """One instrument whose unattributed quantity is not what it was."""

    instrument_id: str
    expected: Decimal
    found: Decimal
    currency: str = ""
    multiplier: Decimal = Decimal(1)


def last_fill_at(conn: Connection, account_id: str, now: datetime) -> datetime | None:
    """When the newest stored execution of the account happened: no later than it was stored, whatever date a
    broker gave it, and by what a clock of ours said that was ahead nothing is reckoned either."""
    happened = case((fills.c.at < fills.c.stored_at, fills.c.at), else_=fills.c.stored_at)
    query = select(func.max(happened)).where(
        fills.c.account_id == account_id, happened >= EARLIEST, happened <= now
    )
    at: datetime | None = conn.execute(query).scalar()
    return at


def foreign_orders(
    conn: Connection, account_id: str, orders: Sequence[OrderState]
) -> tuple[ForeignOrder, ...]:
    """Those open orders of the broker that are not ours, by neither of their ids; the usable ones."""
    orders = [order for order in orders if flaw(order) is None]
    query = select(child_orders.c.client_id, child_orders.c.broker_order_id).where(
        child_orders.c.account_id == account_id,
        or_(
            child_orders.c.client_id.in_([order.client_id for order in orders if order.client_id]),
            child_orders.c.broker_order_id.in_([order.broker_order_id for order in orders]),
        ),
    )
    ours = {one for row in conn.execute(query) for one in row if one is not None}
    return tuple(
        ForeignOrder(
            instrument_id=order.instrument_id, side=order.side, quantity=order.quantity - order.filled
        )
        for order in orders
        if not {order.client_id, order.broker_order_id} & ours
    )


def store_compared(
    conn: Connection,
    account_id: str,
    held: Sequence[BrokerPosition],
    standing: Sequence[Drift],
    now: datetime,
) -> tuple[Drift, ...]:
    """Store what no algorithm accounts for, and mark the account as compared; returns the drifts.

    Only differences in `standing`, which were seen before, count: a new one may be a fill on its way here.
    At the first comparison of all whatever is held is the baseline; afterwards a change of it is drift,
    which halts the account.
    """
    versions.lock(conn, account_id)
    first = not conn.execute(select(leases.c.reconciled).where(leases.c.account_id == account_id)).scalar()
    found = tuple(one for one in drifts(conn, account_id, held) if one in standing)
    for drift in found:
        _set_unattributed(conn, account_id, drift, now)
    if found:
        versions.bump(conn, account_id)
        _report(conn, account_id, found, first, now)
    if first:
        # Only then: others hold the lease's row, shared, and wait for the account that is locked here.
        conn.execute(update(leases).where(leases.c.account_id == account_id).values(reconciled=True))
    return () if first else found


def drifts(conn: Connection, account_id: str, held: Sequence[BrokerPosition]) -> tuple[Drift, ...]:
    """Where the broker's positions are not our algorithms' plus what was unattributed before."""
    at_broker = {one.instrument_id: one for one in held}
    nothing = BrokerPosition(instrument_id="", quantity=ZERO)
    own: dict[str, Decimal] = {}
    unattributed: dict[str, Decimal] = {}
    terms: dict[str, tuple[str, Decimal]] = {}
    for row in conn.execute(select(positions).where(positions.c.account_id == account_id)):
        if row.currency:
            terms[row.instrument_id] = (row.currency, row.multiplier)
        sums = own if row.algorithm_id else unattributed
        sums[row.instrument_id] = sums.get(row.instrument_id, ZERO) + row.quantity
    found = []
    for one in sorted({*at_broker, *own, *unattributed}):
        there = at_broker.get(one, nothing)
        # What is gone from the broker's list, it says nothing of; our own rows do.
        currency, multiplier = terms.get(one, (there.currency, there.multiplier))
        drift = Drift(
            instrument_id=one,
            expected=unattributed.get(one, ZERO),
            found=there.quantity - own.get(one, ZERO),
            currency=there.currency or currency,
            multiplier=there.multiplier if there.currency else multiplier,
        )
        if drift.found != drift.expected:
            found.append(drift)
    return tuple(found)


def _set_unattributed(conn: Connection, account_id: str, drift: Drift, now: datetime) -> None:
    mine = (
        (positions.c.account_id == account_id)
        & (positions.c.algorithm_id == "")
        & (positions.c.instrument_id == drift.instrument_id)
    )
    if conn.execute(update(positions).where(mine).values(quantity=drift.found, updated_at=now)).rowcount:
        return
    conn.execute(
        insert(positions).values(
            account_id=account_id,
            algorithm_id="",
            instrument_id=drift.instrument_id,
            currency=drift.currency,
            multiplier=drift.multiplier,
            quantity=drift.found,
            cost=ZERO,
            realised=ZERO,
            fees=ZERO,
            cash=ZERO,
            updated_at=now,
        )
    )


def _report(conn: Connection, account_id: str, found: Sequence[Drift], first: bool, now: datetime) -> None:
    told = "; ".join(
        f"{one.instrument_id}: {canonical(one.found)} unattributed, {canonical(one.expected)} expected"
        for one in found
    )
    append(
        conn,
        [
            Entry(
                at=now,
                kind=EntryKind.ACCOUNT_DRIFT,
                account_id=account_id,
                reason=told,
                data={
                    "baseline": first,
                    "positions": [
                        {"instrument": one.instrument_id, "expected": one.expected, "found": one.found}
                        for one in found
                    ],
                },
            )
        ],
    )
    if first:
        return
    reason = f"The broker's positions are not what Tradewire's orders explain ({told}). Check, then resume."
    set_switch(conn, Scope.ACCOUNT, account_id, SwitchState.HALTED, reason, "reconcile", now)
    append(conn, [Entry(at=now, kind=EntryKind.ALERT_RAISED, account_id=account_id, reason=reason)])
