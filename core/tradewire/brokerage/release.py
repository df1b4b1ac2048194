"""The last look before an order goes out: in one transaction, NEW becomes SENT or ends unsent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from tradewire.brokerage import leases
from tradewire.brokerage.last_look import LastLook
from tradewire.brokerage.leases import Lease
from tradewire.contract.broker import OrderRequest
from tradewire.crashpoints import crashpoint
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder, Purpose
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.waking import wake
from tradewire.store.schema import child_orders, instruments

_SENT = (
    update(child_orders)
    .where(child_orders.c.client_id == bindparam("child"))
    .values(state=ChildState.SENT.value, sent_at=bindparam("at"))
)


class Withheld(Struct):
    """The order was not sent; `ended` tells whether it never will be, and `behind` which orders of its lane
    are to be sent before it."""

    reason: str
    ended: bool
    behind: tuple[str, ...] = ()


#: It stays stored, and is sent once that is known, if it is not too late then.
BEHIND_UNKNOWN = Withheld(reason="What became of an order before it in its lane is unknown.", ended=False)
NOT_WAITING = Withheld(reason="It is not waiting to be sent.", ended=False)


def release(
    conn: Connection,
    client_id: str,
    lease: Lease,
    now: datetime,
    submit_timeout_s: float,
    release_timeout_s: float,
) -> OrderRequest | Withheld:
    """`release_all` for one child."""
    return release_all(conn, [client_id], lease, now, submit_timeout_s, release_timeout_s)[0]


def release_all(
    conn: Connection,
    client_ids: Sequence[str],
    lease: Lease,
    now: datetime,
    submit_timeout_s: float,
    release_timeout_s: float,
) -> list[OrderRequest | Withheld]:
    """Mark NEW children of one account as SENT and return what to send, for each that may still go out."""
    if client_ids:
        versions.lock_owner_of(conn, client_ids[0])
    last_look = LastLook(conn, client_ids)
    answers: list[OrderRequest | Withheld] = []
    sent: list[ChildOrder] = []
    account_id = last_look.account_id
    if account_id is not None and not leases.outlasts(conn, account_id, lease, now, submit_timeout_s):
        lost = Withheld(reason="This process no longer holds the account's lease.", ended=False)
        return [lost if last_look.waiting(one) else NOT_WAITING for one in client_ids]
    for client_id in client_ids:
        child = last_look.waiting(client_id)
        if child is None or child in sent:
            answers.append(NOT_WAITING)
            continue
        parent = last_look.parents[child.parent_id]
        refusal = _refusal(last_look, parent, child, now, release_timeout_s)
        if refusal is not None:
            state, reason, text = refusal
            _end_unsent(conn, parent, child, state, reason, text, now)
            last_look.settled(child)
            answers.append(Withheld(reason=text, ended=True))
            continue
        if last_look.is_behind_unknown(child):
            answers.append(BEHIND_UNKNOWN)
            continue
        if before := last_look.waiting_before(child):
            text = "An order before it in its lane is still to be sent."
            answers.append(Withheld(reason=text, ended=False, behind=before))
            continue
        last_look.settled(child)
        sent.append(child)
        answers.append(last_look.request(child))
    if sent:
        marks = [{"child": child.client_id, "at": child.sent_at or now} for child in sent]
        conn.execute(_SENT, marks)
        append(conn, [_sent(last_look.parents[child.parent_id], child, lease, now) for child in sent])
        crashpoint("submit.storing")
    return answers


def _refusal(
    last_look: LastLook, parent: ParentOrder, child: ChildOrder, now: datetime, release_timeout_s: float
) -> tuple[ChildState, str, str] | None:
    if parent.cancel_requested or child.cancel_requested or not parent.state.is_live:
        return ChildState.CANCELLED, "not_sent", "It was cancelled before it was sent."
    concerned = [
        switch
        for switch in last_look.switches
        if switch.scope is not Scope.ALGORITHM or switch.scope_id == parent.algorithm_id
    ]
    if {switch.scope for switch in concerned} != set(Scope):
        return ChildState.CANCELLED, "switch_unknown", "A kill switch is missing, and unknown is not active."
    for switch in concerned:
        if switch.state is SwitchState.HALTED or (
            switch.state is SwitchState.REDUCING and parent.purpose is not Purpose.EXIT
        ):
            text = f"The {switch.scope.value} kill switch was set to {switch.state.value} before it was sent."
            return ChildState.CANCELLED, "halted", text
    is_started = last_look.algorithms.get(parent.algorithm_id) == AlgorithmState.STARTED.value
    if parent.purpose is not Purpose.EXIT and not is_started:
        return ChildState.CANCELLED, "algorithm_stopped", "The algorithm was stopped before it was sent."
    if now - child.created_at > timedelta(seconds=release_timeout_s):
        text = f"It could not be sent within {release_timeout_s:.0f} s; too late is no."
        return ChildState.EXPIRED, "too_late", text
    return None


def _sent(parent: ParentOrder, child: ChildOrder, lease: Lease, now: datetime) -> Entry:
    """Who sends what: one id must never go out with two contents, nor from two hands."""
    return entry_of_child(
        parent,
        child,
        EntryKind.CHILD_SENT,
        now,
        None,
        by=None,
        owner=lease.owner,
        epoch=lease.epoch,
        **content_of(child),
    )


def _end_unsent(
    conn: Connection,
    parent: ParentOrder,
    child: ChildOrder,
    state: ChildState,
    reason: str,
    text: str,
    now: datetime,
) -> None:
    conn.execute(
        update(child_orders)
        .where(child_orders.c.client_id == child.client_id)
        .values(state=state.value, reason=reason, detail=text, ended_at=now)
    )
    append(
        conn,
        [entry_of_child(parent, child, EntryKind.CHILD_ENDED, now, text, state=state.value, code=reason)],
    )
    wake(conn, parent.account_id, parent.id, now)


def instrument_of(conn: Connection, child: ChildOrder) -> Instrument:
    """The instrument a stored child is for."""
    found: Instrument = conn.execute(
        select(instruments.c.document)
        .where(
            instruments.c.account_id == child.account_id, instruments.c.instrument_id == child.instrument_id
        )
        .limit(1)
    ).scalar_one()
    return found


def content_of(child: ChildOrder) -> dict[str, Value]:
    """What the broker is asked to do, as an entry's `data` tells it."""
    return {
        "instrument": child.instrument_id,
        "side": child.side.value,
        "quantity": child.quantity,
        "order_type": child.order_type.value,
        "limit_price": child.limit_price,
        "stop_price": child.stop_price,
        "time_in_force": child.time_in_force.value,
        "extended_hours": child.extended_hours,
    }


def entry_of_child(
    parent: ParentOrder,
    child: ChildOrder,
    kind: EntryKind,
    at: datetime,
    reason: str | None,
    by: str | None = None,
    **data: Any,
) -> Entry:
    """A ledger entry about a child."""
    return Entry(
        at=at,
        kind=kind,
        signal_id=parent.signal_id,
        parent_id=parent.id,
        client_id=child.client_id,
        account_id=parent.account_id,
        algorithm_id=parent.algorithm_id,
        by=by,
        reason=reason,
        data=data,
    )
