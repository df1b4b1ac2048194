"""Reading what routing and planning look at."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tradewire.contract.matcher import SignalFacts
from tradewire.domain import ids
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ParentOrder, ParentState
from tradewire.engine.account_view import AccountView, Holding
from tradewire.state import versions
from tradewire.state.rows import child_of, parent_of
from tradewire.state.switches import read_switches
from tradewire.store.schema import (
    accounts,
    algorithms,
    child_orders,
    instruments,
    leases,
    parent_orders,
    positions,
    signals,
)


def unrouted(conn: Connection, limit: int) -> list[SignalFacts]:
    """Accepted signals that wait for the router, in order of arrival."""
    query = select(signals).where(signals.c.routed_at.is_(None)).order_by(signals.c.seq).limit(limit)
    return [facts_of(row) for row in conn.execute(query)]


def all_algorithms(conn: Connection) -> tuple[Algorithm, ...]:
    return tuple(conn.execute(select(algorithms.c.document).order_by(algorithms.c.name)).scalars())


def facts_of(row: Row[Any]) -> SignalFacts:
    return SignalFacts(
        id=row.id,
        provider=row.provider,
        connection=row.connection,
        message=row.message,
        received_at=row.received_at,
        accepted_at=row.accepted_at,
    )


def account_view(conn: Connection, account_id: str, now: datetime, with_others: bool) -> AccountView | None:
    """The account's live orders and everything around them; None where there is no such account.

    `with_others` includes the other accounts' versions, for guardians of the global scope.
    """
    account = _account(conn, account_id)
    if account is None:
        return None
    live = [parent_of(row) for row in conn.execute(_live_parents())]
    own = tuple(parent for parent in live if parent.account_id == account_id)
    signal_rows = _signals(conn, {parent.signal_id for parent in own})
    return AccountView(
        now=now,
        account=account,
        epoch=conn.execute(select(leases.c.epoch).where(leases.c.account_id == account_id)).scalar() or 0,
        algorithms={
            one.id: one
            for one in conn.execute(
                select(algorithms.c.document).where(algorithms.c.account_id == account_id)
            ).scalars()
        },
        parents=own,
        others=tuple(one for one in live if one.account_id != account_id and one.admitted_at is not None),
        closes=_closes(conn, own),
        children=_children(conn, [parent.id for parent in own]),
        holdings=_holdings(conn),
        switches=read_switches(conn, account_id),
        signals={row.id: facts_of(row) for row in signal_rows},
        digests={row.id: row.content_digest for row in signal_rows},
        same_content_at=_same_content(conn, own, {row.id: row.content_digest for row in signal_rows}),
        instruments=_instruments(conn, account_id),
        elsewhere=_elsewhere(conn, account_id),
        versions=versions.read(conn, None if with_others else account_id),
    )


def _account(conn: Connection, account_id: str) -> Account | None:
    account: Account | None = conn.execute(
        select(accounts.c.document).where(accounts.c.id == account_id)
    ).scalar()
    return account


def _live_parents() -> Any:
    return select(parent_orders).where(parent_orders.c.ended_at.is_(None)).order_by(parent_orders.c.seq)


def _children(conn: Connection, parent_ids: list[str]) -> dict[str, tuple[ChildOrder, ...]]:
    query = select(child_orders).where(child_orders.c.parent_id.in_(parent_ids)).order_by(child_orders.c.seq)
    found: dict[str, list[ChildOrder]] = {}
    for row in conn.execute(query):
        found.setdefault(row.parent_id, []).append(child_of(row))
    return {parent_id: tuple(children) for parent_id, children in found.items()}


def _closes(conn: Connection, parents: tuple[ParentOrder, ...]) -> dict[str, ParentOrder]:
    """The first legs of those that are second ones, whatever has become of them."""
    wanted = {ids.parent_id(one.signal_id, one.algorithm_id) for one in parents if one.leg > 0}
    if not wanted:
        return {}
    rows = conn.execute(select(parent_orders).where(parent_orders.c.id.in_(wanted)))
    return {row.id: parent_of(row) for row in rows}


def _signals(conn: Connection, ids: Iterable[str]) -> list[Row[Any]]:
    return list(conn.execute(select(signals).where(signals.c.id.in_(list(ids)))))


def _holdings(conn: Connection) -> tuple[Holding, ...]:
    return tuple(
        Holding(
            account_id=row.account_id,
            algorithm_id=row.algorithm_id,
            instrument_id=row.instrument_id,
            currency=row.currency,
            multiplier=row.multiplier,
            quantity=row.quantity,
            episode=row.episode,
            entries=row.entries,
        )
        for row in conn.execute(select(positions))
    )


def _instruments(conn: Connection, account_id: str) -> dict[str, Instrument]:
    query = select(instruments.c.symbol, instruments.c.document).where(instruments.c.account_id == account_id)
    return {row.symbol: row.document for row in conn.execute(query)}


def _elsewhere(conn: Connection, account_id: str) -> dict[tuple[str, str], Instrument]:
    query = select(instruments.c.account_id, instruments.c.document).where(
        instruments.c.account_id != account_id
    )
    return {(row.account_id, row.document.id): row.document for row in conn.execute(query)}


def _same_content(
    conn: Connection, parents: tuple[ParentOrder, ...], digests: dict[str, str]
) -> dict[str, datetime]:
    """For each pending parent: when the content came in on which its algorithm last acted and ended, by
    another signal than its own."""
    pending = [parent for parent in parents if parent.state is ParentState.PENDING]
    if not pending:
        return {}
    query = (
        select(
            parent_orders.c.algorithm_id,
            signals.c.content_digest,
            signals.c.id,
            func.max(signals.c.received_at),
        )
        .join(signals, signals.c.id == parent_orders.c.signal_id)
        .where(
            signals.c.content_digest.in_({digests[parent.signal_id] for parent in pending}),
            parent_orders.c.admitted_at.is_not(None),
            parent_orders.c.ended_at.is_not(None),
        )
        .group_by(parent_orders.c.algorithm_id, signals.c.content_digest, signals.c.id)
    )
    found: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
    for algorithm, digest, signal, at in conn.execute(query):
        found.setdefault((algorithm, digest), []).append((signal, at))
    last = {}
    for parent in pending:
        acted = found.get((parent.algorithm_id, digests[parent.signal_id]), [])
        times = [at for signal, at in acted if signal != parent.signal_id]
        if times:
            last[parent.id] = max(times)
    return last
