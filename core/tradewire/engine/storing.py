"""Writing what routing and planning decided: each in one transaction, or not at all."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.crashpoints import crashpoint
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.order import ParentOrder
from tradewire.domain.switch import Switch
from tradewire.engine.account_view import AccountView
from tradewire.engine.changes import Changes
from tradewire.engine.routing import Route
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import columns
from tradewire.state.switches import read_switches
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import (
    algorithms,
    child_orders,
    instruments,
    leases,
    parent_orders,
    signals,
    verdicts,
)

_ROUTED = (
    update(signals)
    .where(signals.c.id == bindparam("signal"), signals.c.routed_at.is_(None))
    .values(routed_at=bindparam("at"), outcome=bindparam("ended_as"), reason=bindparam("why"))
)
_PARENT_COLUMNS = tuple(name for name in ParentOrder.__struct_fields__ if name not in ("id", "seq"))
_PARENT = (
    update(parent_orders)
    .where(parent_orders.c.id == bindparam("parent"))
    .values({name: bindparam(f"new_{name}") for name in _PARENT_COLUMNS})
)
_WAITING = select(signals.c.id).where(
    signals.c.id.in_(bindparam("ids", expanding=True)), signals.c.routed_at.is_(None)
)
_AS_SEEN = (
    select(algorithms.c.document)
    .where(algorithms.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(algorithms.c.id)
    .with_for_update(read=True)
)
_NEW_PARENTS = insert(parent_orders)
_NEW_CHILDREN = insert(child_orders)
_VERDICTS = insert(verdicts)
_EPOCH = select(leases.c.epoch).where(leases.c.account_id == bindparam("account")).with_for_update(read=True)


class Overtaken(Exception):
    """Something the plan looked at has changed since; nothing of it was stored."""


def store_routes(
    conn: Connection, routes: Sequence[Route], seen: Sequence[Algorithm], now: datetime
) -> frozenset[str]:
    """Put the runs of `routes` into their accounts' inboxes; returns the accounts concerned.

    A signal that somebody else routed meanwhile is left alone. Raises `Overtaken` where an algorithm that is
    to run is no longer as it was `seen`: it may trade on another account now, and that account be gone.
    """
    hold(conn, Lock.ROUTER)
    waiting = set(conn.execute(_WAITING, {"ids": [route.signal_id for route in routes]}).scalars())
    mine = [route for route in routes if route.signal_id in waiting]
    if not mine:
        return frozenset()
    conn.execute(
        _ROUTED,
        [
            {"signal": route.signal_id, "at": now, "ended_as": route.outcome, "why": route.reason}
            for route in mine
        ],
    )
    runs = [run for route in mine for run in route.runs]
    if runs:
        _still_so(conn, {run.parent.algorithm_id for run in runs}, seen)
        conn.execute(
            _NEW_PARENTS,
            [{**columns(run.parent, ("seq",)), "notes": run.notes} for run in runs],
        )
    append(conn, [entry for route in mine for entry in route.entries])
    crashpoint("route.storing")
    return frozenset(run.parent.account_id for run in runs if run.parent.state.is_live)


def _still_so(conn: Connection, ids: Set[str], seen: Sequence[Algorithm]) -> None:
    """Who changes or removes one of these algorithms has done it, or waits until its orders are stored."""
    there: list[Algorithm] = list(conn.execute(_AS_SEEN, {"ids": list(ids)}).scalars())
    if {(one.id, one.version) for one in there} != {(one.id, one.version) for one in seen if one.id in ids}:
        raise Overtaken("algorithms")


def store_plan(conn: Connection, view: AccountView, changes: Changes, with_others: bool) -> None:
    """Write a plan; raises `Overtaken` where versions, switches, the lease or a child have moved on."""
    account_id = view.account.id
    _unchanged(conn, view, with_others)
    for client_id, child in changes.changed_children.items():
        moved = conn.execute(
            update(child_orders)
            .where(
                child_orders.c.client_id == client_id,
                child_orders.c.state == changes.expected[client_id].value,
            )
            .values(**_only(columns(child), changes.child_fields[client_id]))
        )
        if moved.rowcount != 1:
            raise Overtaken(client_id)
    if changes.changed_parents:
        conn.execute(
            _PARENT,
            [
                {
                    "parent": parent.id,
                    **{f"new_{name}": value for name, value in columns(parent, ("id", "seq")).items()},
                    "new_version": parent.version + 1,
                }
                for parent in changes.changed_parents.values()
            ],
        )
    if changes.new_children:
        conn.execute(_NEW_CHILDREN, [columns(child) for child in changes.new_children])
    if changes.verdicts:
        conn.execute(
            _VERDICTS,
            [{"parent_id": parent, "at": view.now, "document": given} for parent, given in changes.verdicts],
        )
    _remember_instruments(conn, view, changes)
    append(conn, changes.entries)
    versions.bump(conn, account_id)
    crashpoint("reserve.storing")


def _only(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def _unchanged(conn: Connection, view: AccountView, with_others: bool) -> None:
    account_id = view.account.id
    if with_others:
        versions.lock_all(conn)
    else:
        versions.lock(conn, account_id)
    if versions.read(conn, None if with_others else account_id) != view.versions:
        raise Overtaken("versions")
    if (conn.execute(_EPOCH, {"account": account_id}).scalar() or 0) != view.epoch:
        raise Overtaken("lease")
    if _epochs(read_switches(conn, account_id)) != _epochs(view.switches):
        raise Overtaken("switches")


def _epochs(switches: Sequence[Switch]) -> set[tuple[str, str, int]]:
    return {(switch.scope.value, switch.scope_id, switch.epoch) for switch in switches}


def _remember_instruments(conn: Connection, view: AccountView, changes: Changes) -> None:
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    for symbol, instrument in changes.instruments.items():
        statement = make(instruments).values(
            account_id=view.account.id,
            symbol=symbol,
            instrument_id=instrument.id,
            document=instrument,
            resolved_at=view.now,
        )
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=[instruments.c.account_id, instruments.c.symbol],
                set_={
                    "instrument_id": statement.excluded.instrument_id,
                    "document": statement.excluded.document,
                    "resolved_at": statement.excluded.resolved_at,
                },
            )
        )
