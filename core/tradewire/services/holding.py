"""Holding everything back in a database that is older than what has happened: nothing in it is sent any more.

What the database still means to do may have been done already, by the life that it knows nothing of.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import ChildState, ParentOrder, ParentState
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.state.rows import parent_of
from tradewire.state.switches import position, set_switch
from tradewire.state.versions import bump, lock_all
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import (
    accounts,
    child_orders,
    decisions,
    leases,
    parent_orders,
    restorations,
    signals,
    workers,
)

#: Who set the switches of the accounts, as the ledger and the switches name it.
BY = "restore"
#: The reason code of every order and signal that ends or is paused here.
RESTORED = "restored"

_SWITCHED = "The database is older than what has happened. Compare, then `tradewire confirm`."
_NOT_ROUTED = "It was not yet worked on when the backup was made; what is older than a restore is not run."
_NOT_ADMITTED = "It waited when the backup was made; what is older than a restore is not sent."
_NOT_GONE_ON = "It was being worked when the backup was made; what became of it since is not known here."
_UNSURE = "It was not yet sent when the backup was made, and may have been sent since."


class Cause(StrEnum):
    """RESTORED: by `tradewire restore`. BEHIND: a checkpoint outside the database is newer than it."""

    RESTORED = "restored"
    BEHIND = "behind"


class HeldBack(Struct):
    """What was held back: signals ended, orders ended, orders paused, orders at the broker now unsure."""

    signals: int
    ended: int
    paused: int
    unsure: int
    accounts: tuple[str, ...]


def hold_back(
    conn: Connection, cause: Cause, detail: str, kept: Checkpoint | None, now: datetime
) -> HeldBack:
    """End or pause all that is live, halt every account, raise an alert. Nobody else may be at work.

    Accounts count as not yet compared with their broker, and no process holds their lease; what a person had
    decided about an order, and nobody applied, is to be decided again.
    """
    hold(conn, Lock.ROUTER)
    lock_all(conn)
    ended_signals = _end_signals(conn, now)
    ended, paused = _quieten(conn, now)
    unsure = _doubt(conn, now)
    names = _halt(conn, cause, detail, kept, now)
    conn.execute(delete(decisions))
    conn.execute(delete(workers))
    conn.execute(update(leases).values(owner=None, until=None, epoch=leases.c.epoch + 1, reconciled=False))
    held = HeldBack(signals=ended_signals, ended=ended, paused=paused, unsure=unsure, accounts=names)
    data = {
        "cause": cause.value,
        "signals": held.signals,
        "ended": held.ended,
        "paused": held.paused,
        "unsure": held.unsure,
        "number": None if kept is None else kept.number,
        "hash": None if kept is None else kept.hash,
    }
    alert = f"{detail} Every account is halted: compare it with the broker, then `tradewire confirm`."
    append(
        conn,
        [
            Entry(at=now, kind=EntryKind.STORE_HELD, by=BY, reason=detail, data=data),
            Entry(at=now, kind=EntryKind.ALERT_RAISED, by=BY, reason=alert),
        ],
    )
    return held


def _end_signals(conn: Connection, now: datetime) -> int:
    """Signals that no router has seen end as failed."""
    unrouted = conn.execute(select(signals.c.id).where(signals.c.routed_at.is_(None))).scalars().all()
    conn.execute(
        update(signals)
        .where(signals.c.routed_at.is_(None))
        .values(routed_at=now, outcome="failed", reason=_NOT_ROUTED)
    )
    append(
        conn,
        [
            Entry(
                at=now,
                kind=EntryKind.SIGNAL_FAILED,
                signal_id=one,
                by=BY,
                reason=_NOT_ROUTED,
                data={"code": RESTORED},
            )
            for one in unrouted
        ],
    )
    return len(unrouted)


def _quieten(conn: Connection, now: datetime) -> tuple[int, int]:
    """End what was never admitted and pause what is being worked; what is being cancelled goes on ending."""
    live = [
        parent_of(row)
        for row in conn.execute(select(parent_orders).where(parent_orders.c.ended_at.is_(None)))
    ]
    pending = [one for one in live if one.state is ParentState.PENDING]
    working = [one for one in live if one.state is not ParentState.PENDING and not one.cancel_requested]
    for one in pending:
        conn.execute(
            update(parent_orders)
            .where(parent_orders.c.id == one.id)
            .values(
                state=ParentState.CANCELLED.value,
                reason="restored",
                detail=_NOT_ADMITTED,
                ended_at=now,
                wake_at=None,
                version=parent_orders.c.version + 1,
            )
        )
    for one in working:
        conn.execute(
            update(parent_orders)
            .where(parent_orders.c.id == one.id)
            .values(
                state=ParentState.PAUSED.value,
                reason="restored",
                detail=_NOT_GONE_ON,
                wake_at=None,
                version=parent_orders.c.version + 1,
            )
        )
    append(conn, _entries(pending, EntryKind.PARENT_ENDED, _NOT_ADMITTED, ParentState.CANCELLED, now))
    append(conn, _entries(working, EntryKind.PARENT_PAUSED, _NOT_GONE_ON, ParentState.PAUSED, now))
    return len(pending), len(working)


def _entries(
    parents: Sequence[ParentOrder], kind: EntryKind, why: str, state: ParentState, now: datetime
) -> list[Entry]:
    return [
        Entry(
            at=now,
            kind=kind,
            signal_id=one.signal_id,
            parent_id=one.id,
            account_id=one.account_id,
            algorithm_id=one.algorithm_id,
            by=BY,
            reason=why,
            data={"state": state.value, "code": RESTORED},
        )
        for one in parents
    ]


def _doubt(conn: Connection, now: datetime) -> int:
    """Orders that were stored and not yet sent are looked up like any whose fate is unknown.

    Found, their fills are booked; absent, they end unsent, since their account is halted.
    """
    mine = (child_orders.c.ended_at.is_(None)) & (child_orders.c.state == ChildState.NEW.value)
    rows = conn.execute(
        select(
            child_orders.c.client_id,
            child_orders.c.account_id,
            parent_orders.c.id,
            parent_orders.c.signal_id,
            parent_orders.c.algorithm_id,
        )
        .join_from(child_orders, parent_orders, parent_orders.c.id == child_orders.c.parent_id)
        .where(mine)
    ).all()
    conn.execute(
        update(child_orders)
        .where(mine)
        .values(
            state=ChildState.UNKNOWN.value,
            reason="unknown",
            detail=_UNSURE,
            sent_at=child_orders.c.created_at,
        )
    )
    append(
        conn,
        [
            Entry(
                at=now,
                kind=EntryKind.CHILD_UNKNOWN,
                signal_id=row.signal_id,
                parent_id=row.id,
                client_id=row.client_id,
                account_id=row.account_id,
                algorithm_id=row.algorithm_id,
                by=BY,
                reason=_UNSURE,
            )
            for row in rows
        ],
    )
    return len(rows)


def _halt(
    conn: Connection, cause: Cause, detail: str, kept: Checkpoint | None, now: datetime
) -> tuple[str, ...]:
    """Set the switch of every account that is not halted by a person anyway; the names of all accounts."""
    found = conn.execute(select(accounts.c.id, accounts.c.name).order_by(accounts.c.name)).all()
    reducing = []
    for account_id, _ in found:
        was = position(conn, Scope.ACCOUNT, account_id)
        if was is SwitchState.REDUCING:
            reducing.append(account_id)
        if was is not SwitchState.HALTED:
            set_switch(conn, Scope.ACCOUNT, account_id, SwitchState.HALTED, _SWITCHED, BY, now)
        bump(conn, account_id)
    conn.execute(
        insert(restorations).values(
            at=now,
            cause=cause.value,
            detail=detail,
            number=None if kept is None else kept.number,
            hash=None if kept is None else kept.hash,
            reducing=tuple(reducing),
        )
    )
    return tuple(name for _, name in found)
