"""How much of what there is, and how long it has waited: the figures that stand in the database."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from tradewire.brokerage.leases import shared_now
from tradewire.domain.base import Struct
from tradewire.domain.switch import SwitchState
from tradewire.engine.roll import read_roll
from tradewire.store.schema import (
    accounts,
    child_orders,
    leases,
    ledger_entries,
    ledger_seals,
    parent_orders,
    restorations,
    signals,
    switches,
)


class AccountFigures(Struct):
    """`lease_s`: seconds for which somebody works for it, 0 where nobody does."""

    name: str
    ready: bool
    lease_s: float


class Figures(Struct):
    """Counts by state of what has not ended, and ages in seconds (0: nothing waits)."""

    parents: dict[str, int]
    children: dict[str, int]
    unrouted: int
    unrouted_s: float
    due_s: float
    unsealed: int
    unsealed_s: float
    switches_set: int
    restoring: bool
    workers: int
    accounts: tuple[AccountFigures, ...]


def read_figures(conn: Connection, now: datetime, lease_s: float) -> Figures:
    """All of them, in one snapshot."""
    age = partial(_age, now)
    last = select(func.coalesce(func.max(ledger_seals.c.entry_seq), 0)).scalar_subquery()
    unsealed, oldest = conn.execute(
        select(func.count(), func.min(ledger_entries.c.at)).where(ledger_entries.c.seq > last)
    ).one()
    unrouted, first = conn.execute(
        select(func.count(), func.min(signals.c.accepted_at)).where(signals.c.routed_at.is_(None))
    ).one()
    due = conn.execute(
        select(func.min(parent_orders.c.wake_at)).where(parent_orders.c.ended_at.is_(None))
    ).scalar()
    living = [one for one in read_roll(conn, now, lease_s) if one.is_alive]
    ready = {one.account_id for worker in living for one in worker.report.accounts if one.ready}
    return Figures(
        parents=_by_state(conn, parent_orders.c.state, parent_orders.c.ended_at),
        children=_by_state(conn, child_orders.c.state, child_orders.c.ended_at),
        unrouted=unrouted,
        unrouted_s=age(first),
        due_s=age(due),
        unsealed=unsealed,
        unsealed_s=age(oldest),
        switches_set=_count(conn, switches.c.scope, switches.c.state != SwitchState.ACTIVE.value),
        restoring=_count(conn, restorations.c.seq, restorations.c.confirmed_at.is_(None)) > 0,
        workers=len(living),
        accounts=_accounts(conn, shared_now(conn, now), ready),
    )


def _accounts(conn: Connection, now: datetime, ready: Collection[str]) -> tuple[AccountFigures, ...]:
    rows = conn.execute(
        select(accounts.c.id, accounts.c.name, leases.c.until)
        .outerjoin(leases, leases.c.account_id == accounts.c.id)
        .order_by(accounts.c.name)
    )
    return tuple(
        AccountFigures(
            name=name,
            ready=account_id in ready,
            lease_s=0.0 if until is None else max((until - now).total_seconds(), 0.0),
        )
        for account_id, name, until in rows
    )


def _by_state(conn: Connection, state: ColumnElement[Any], ended_at: ColumnElement[Any]) -> dict[str, int]:
    rows = conn.execute(select(state, func.count()).where(ended_at.is_(None)).group_by(state))
    return {str(name): count for name, count in rows}


def _count(conn: Connection, of: ColumnElement[Any], where: ColumnElement[bool]) -> int:
    counted: int = conn.execute(select(func.count(of)).where(where)).scalar_one()
    return counted


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
