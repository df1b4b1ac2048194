"""Storing what became of a submission: accepted, refused, unknown, or found never to have arrived."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, update

from tradewire.brokerage import merging
from tradewire.brokerage.child_rows import changed, load, locked, note, save
from tradewire.brokerage.release import entry_of_child
from tradewire.brokerage.spoken import spoken
from tradewire.brokerage.unusable import named
from tradewire.contract.broker import Accepted, OrderState, Rejected, RejectKind, SubmitResult, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.base import Struct
from tradewire.domain.ledger import EntryKind
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder
from tradewire.domain.quantity import canonical
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import child_of, columns, parent_of
from tradewire.state.waking import wake
from tradewire.store.schema import child_orders, parent_orders

#: So many look-ups that prove nothing raise an alert, and again each time there were twice as many.
ALARMING = 3

# Built once: putting a statement together costs as much as running it, and these run with every order.
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_CHILDREN = select(child_orders).where(child_orders.c.client_id.in_(_IDS))
_PARENTS = select(parent_orders).where(parent_orders.c.id.in_(_IDS))
#: What an acknowledgement changes of a child.
_ON_ACKNOWLEDGEMENT = ("broker_order_id", "acknowledged_at", "state", "ended_at")
_ACKNOWLEDGED = (
    update(child_orders)
    .where(child_orders.c.client_id == bindparam("child"))
    .values({name: bindparam(f"new_{name}") for name in _ON_ACKNOWLEDGEMENT})
)


class After(Struct):
    """What is to be done next: look the order up (again), send it (again), or have the engine look."""

    look_up: bool = False
    send: bool = False
    due: bool = False


def store_submitted(conn: Connection, client_id: str, result: SubmitResult, now: datetime) -> After:
    """Store the outcome of one transmission; events may have told more already, and then stand."""
    if isinstance(result, Accepted):
        _store_accepted(conn, {client_id: named(result.broker_order_id)}, now)
        return After()
    child, parent = locked(conn, client_id)
    if child.state not in (ChildState.SENT, ChildState.UNKNOWN):
        return After()
    if isinstance(result, Rejected) and result.kind is not RejectKind.DUPLICATE:
        why = spoken(result.message)
        ended = changed(child, state=ChildState.REJECTED, reason=result.kind.value, detail=why, ended_at=now)
        save(conn, child, ended)
        note(conn, parent, ended, EntryKind.CHILD_REJECTED, now, why, code=result.kind.value)
        wake(conn, parent.account_id, parent.id, now)
        return After(due=True)
    if isinstance(result, Unknown):
        return _unknown(conn, parent, child, spoken(result.cause), now)
    cause = f"The broker has seen this id: {spoken(result.message)}"
    return _unknown(conn, parent, child, cause, now)


def store_untransmitted(conn: Connection, client_id: str, now: datetime) -> None:
    """Put back an order that was released and of which not a byte has left."""
    child, parent = locked(conn, client_id)
    if child.state is not ChildState.SENT:
        return
    text = "It was held back: the account's lease had run out before it was transmitted."
    note(conn, parent, child, EntryKind.CHILD_LOOKED_UP, now, text, found=False)
    save(conn, child, changed(child, state=ChildState.NEW))


def store_all_submitted(
    conn: Connection, results: Sequence[tuple[str, SubmitResult]], now: datetime
) -> list[After]:
    """`store_submitted` for many orders of one account; the accepted ones in a few statements for all."""
    accepted = {
        client_id: named(result.broker_order_id)
        for client_id, result in results
        if isinstance(result, Accepted)
    }
    _store_accepted(conn, accepted, now)
    return [
        After() if client_id in accepted else store_submitted(conn, client_id, result, now)
        for client_id, result in results
    ]


def _store_accepted(conn: Connection, accepted: Mapping[str, str], now: datetime) -> None:
    if not accepted:
        return
    versions.lock_owner_of(conn, next(iter(accepted)))
    children = [child_of(row) for row in conn.execute(_CHILDREN, {"ids": list(accepted)})]
    found = conn.execute(_PARENTS, {"ids": list({child.parent_id for child in children})})
    parents = {row.id: parent_of(row) for row in found}
    rows, entries = [], []
    for child in children:
        given = accepted[child.client_id]
        after = merging.acknowledged(child, given, now)
        if after != child:
            rows.append({"child": child.client_id, **_prefixed(after)})
        if child.state is not after.state or child.acknowledged_at is None:
            kind, parent = EntryKind.CHILD_ACKNOWLEDGED, parents[child.parent_id]
            entries.append(entry_of_child(parent, after, kind, now, None, broker_order_id=given))
    if rows:
        conn.execute(_ACKNOWLEDGED, rows)
    append(conn, entries)


def store_lost(conn: Connection, account_id: str, keep: frozenset[str], now: datetime) -> tuple[str, ...]:
    """Mark what an earlier life of this account had SENT as UNKNOWN; returns all that is to be looked up.

    `keep` are the transmissions under way in this life.
    """
    versions.lock(conn, account_id)
    rows = conn.execute(
        select(child_orders).where(
            child_orders.c.account_id == account_id,
            child_orders.c.ended_at.is_(None),
            child_orders.c.state.in_([ChildState.SENT.value, ChildState.UNKNOWN.value]),
        )
    ).all()
    found = []
    for row in rows:
        child = child_of(row)
        if child.client_id in keep:
            continue
        if child.state is ChildState.SENT:
            _, parent = load(conn, child.client_id)
            _unknown(conn, parent, child, "Tradewire stopped before the broker had answered.", now)
        found.append(child.client_id)
    return tuple(found)


def store_found(conn: Connection, client_id: str, order: OrderState, now: datetime) -> None:
    """Record that an UNKNOWN order was found; what it has become is stored as a report."""
    child, parent = locked(conn, client_id)
    if child.state is not ChildState.UNKNOWN:
        return
    looked = changed(child, look_ups=child.look_ups + 1)
    save(conn, child, looked)
    text = f"The broker has it: {order.state.value.replace('_', ' ')}, {canonical(order.filled)} filled."
    note(conn, parent, looked, EntryKind.CHILD_LOOKED_UP, now, text, found=True)


def store_absent(
    conn: Connection,
    client_id: str,
    proof: str,
    dedupe: DedupeClass,
    now: datetime,
    seen: int | None = None,
) -> After:
    """The broker proved that it never had the order: it may go out again, with the same id.

    A broker that cannot refuse a second copy (class C) gets none without a person, and neither does one that
    had acknowledged the order. `seen` is how many look-ups there had been when this one began: one that
    another has overtaken proves nothing, since the order may have gone out again meanwhile.
    """
    child, parent = locked(conn, client_id)
    proof = spoken(proof)
    if child.state not in (ChildState.UNKNOWN, ChildState.ACKNOWLEDGED):
        return After()
    if seen is not None and seen != child.look_ups:
        return After(look_up=True)
    if child.acknowledged_at is not None:
        said = f"The broker had acknowledged this order and shows no trace of it now ({proof})"
        _ask_a_person(conn, parent, child, said, now)
        return After()
    if dedupe is DedupeClass.C:
        said = f"The broker shows no such order ({proof}), but could not refuse a second one"
        _ask_a_person(conn, parent, child, said, now)
        return After()
    note(
        conn, parent, child, EntryKind.CHILD_LOOKED_UP, now, f"The broker never had it: {proof}", found=False
    )
    save(conn, child, changed(child, state=ChildState.NEW, look_ups=child.look_ups + 1))
    return After(send=True)


def store_inconclusive(conn: Connection, client_id: str, now: datetime) -> int | None:
    """Count a look-up that proved nothing; returns how many there were, None if it is known by now."""
    child, parent = locked(conn, client_id)
    if child.state is not ChildState.UNKNOWN:
        return None
    looked = changed(child, look_ups=child.look_ups + 1)
    save(conn, child, looked)
    times, rest = divmod(looked.look_ups, ALARMING)
    if rest == 0 and times.bit_count() == 1:
        text = (
            f"What became of an order is still unknown after {looked.look_ups} look-ups ({child.detail}); "
            f"its lane waits. `tradewire order resolve {client_id}` decides it by hand."
        )
        note(conn, parent, looked, EntryKind.ALERT_RAISED, now, text)
    return looked.look_ups


def _ask_a_person(conn: Connection, parent: ParentOrder, child: ChildOrder, said: str, now: datetime) -> None:
    """Leave the order UNKNOWN and raise an alert; once, however often it is looked up again."""
    how = f"decide with `tradewire order resolve {child.client_id} --absent` or `--filled`."
    if (child.detail or "").endswith(how):
        save(conn, child, changed(child, look_ups=child.look_ups + 1))
        return
    text = f"{said}: {how}"
    _unknown(conn, parent, child, text, now)
    looked = changed(child, state=ChildState.UNKNOWN, reason="unknown", detail=text)
    save(conn, child, changed(looked, look_ups=child.look_ups + 1))
    note(conn, parent, looked, EntryKind.ALERT_RAISED, now, text)


def _unknown(conn: Connection, parent: ParentOrder, child: ChildOrder, cause: str, now: datetime) -> After:
    unknown = changed(child, state=ChildState.UNKNOWN, reason="unknown", detail=cause)
    save(conn, child, unknown)
    if child.state is not ChildState.UNKNOWN:
        note(conn, parent, unknown, EntryKind.CHILD_UNKNOWN, now, cause)
        versions.bump(conn, child.account_id)
    return After(look_up=True)


def _prefixed(child: ChildOrder) -> dict[str, Any]:
    values = columns(child)
    return {f"new_{name}": values[name] for name in _ON_ACKNOWLEDGEMENT}
