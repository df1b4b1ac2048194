"""Reading what routing and planning look at."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Row, Select, bindparam, func, select

from tradewire.contract.matcher import SignalFacts
from tradewire.domain import ids
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ParentOrder, ParentState, Purpose
from tradewire.engine.account_view import AccountView, Holding
from tradewire.engine.inbox import read_inbox
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

#: The first plan decides about so many pending orders, then it is stored: in a burst these need not wait for
#: the rest, and less is planned in vain when a fill overtakes it.
AT_ONCE = 20

# Built once: putting a statement together costs more than running it, and these run with every look.
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_ACCOUNT: BindParameter[str] = bindparam("account")
_FACTS: Select[Any] = select(
    *(signals.c[name] for name in ("id", "provider", "connection", "message", "received_at", "accepted_at")),
    signals.c.content_digest,
)
_UNROUTED = (
    _FACTS.where(signals.c.routed_at.is_(None))
    .order_by(signals.c.seq)
    .limit(bindparam("most", type_=Integer))
)
_SIGNALS = _FACTS.where(signals.c.id.in_(_IDS))
_ALL_ALGORITHMS = select(algorithms.c.document).order_by(algorithms.c.name)
_ALGORITHMS = select(algorithms.c.document).where(algorithms.c.id.in_(_IDS))
_ACCOUNT_ROW = select(accounts.c.document).where(accounts.c.id == _ACCOUNT)
_EPOCH = select(leases.c.epoch).where(leases.c.account_id == _ACCOUNT)
_PARENTS = select(parent_orders).where(parent_orders.c.id.in_(_IDS))
_GAVE_WAY = select(parent_orders).where(parent_orders.c.made_way_for.in_(_IDS))
_CHILDREN = select(child_orders).where(child_orders.c.parent_id.in_(_IDS)).order_by(child_orders.c.seq)
_HOLDINGS = select(positions)
_OWN_HOLDINGS = _HOLDINGS.where(positions.c.account_id == _ACCOUNT)
_INSTRUMENTS = select(instruments.c.symbol, instruments.c.document).where(
    instruments.c.account_id == _ACCOUNT
)
_ELSEWHERE = select(instruments.c.account_id, instruments.c.document).where(
    instruments.c.account_id != _ACCOUNT
)
_ACTED = (
    select(
        parent_orders.c.algorithm_id,
        signals.c.content_digest,
        signals.c.id,
        func.max(signals.c.received_at),
    )
    .join(signals, signals.c.id == parent_orders.c.signal_id)
    .where(
        signals.c.content_digest.in_(_IDS),
        parent_orders.c.admitted_at.is_not(None),
        parent_orders.c.ended_at.is_not(None),
    )
    .group_by(parent_orders.c.algorithm_id, signals.c.content_digest, signals.c.id)
)


def unrouted(conn: Connection, limit: int) -> list[SignalFacts]:
    """Accepted signals that wait for the router, in order of arrival."""
    return [facts_of(row) for row in conn.execute(_UNROUTED, {"most": limit})]


def all_algorithms(conn: Connection) -> tuple[Algorithm, ...]:
    return tuple(conn.execute(_ALL_ALGORITHMS).scalars())


def facts_of(row: Row[Any]) -> SignalFacts:
    return SignalFacts(
        id=row.id,
        provider=row.provider,
        connection=row.connection,
        message=row.message,
        received_at=row.received_at,
        accepted_at=row.accepted_at,
    )


def account_view(
    conn: Connection,
    account_id: str,
    now: datetime,
    with_others: bool,
    at_once: int = AT_ONCE,
    reach: int = 0,
) -> AccountView | None:
    """What one plan may decide about and everything around it; None where there is no such account.

    `with_others` includes the other accounts, for guardians of the global scope. A plan decides
    about so many `at_once`, and `reach` says which of those that wait it is shown: `inbox.read_inbox`.
    """
    account = _account(conn, account_id)
    if account is None:
        return None
    known = _instruments(conn, account_id)
    inbox = read_inbox(conn, account_id, at_once, reach, known, with_others)
    own = inbox.own
    signal_rows = _signals(conn, {parent.signal_id for parent in own})
    return AccountView(
        now=now,
        account=account,
        epoch=conn.execute(_EPOCH, {"account": account_id}).scalar() or 0,
        algorithms={
            one.id: one
            for one in conn.execute(
                _ALGORITHMS, {"ids": list({parent.algorithm_id for parent in own})}
            ).scalars()
        },
        parents=own,
        others=inbox.others,
        at_once=at_once,
        reach=reach,
        cut=inbox.cut,
        later=inbox.later,
        closes=_closes(conn, own),
        gave_way=_gave_way(conn, own),
        children=_children(conn, [parent.id for parent in own]),
        holdings=_holdings(conn, account_id, with_others),
        switches=read_switches(conn, account_id),
        signals={row.id: facts_of(row) for row in signal_rows},
        digests={row.id: row.content_digest for row in signal_rows},
        same_content_at=_same_content(conn, own, {row.id: row.content_digest for row in signal_rows}),
        instruments=known,
        elsewhere=_elsewhere(conn, account_id) if with_others else {},
        versions=versions.read(conn, None if with_others else account_id),
    )


def _account(conn: Connection, account_id: str) -> Account | None:
    account: Account | None = conn.execute(_ACCOUNT_ROW, {"account": account_id}).scalar()
    return account


def _children(conn: Connection, parent_ids: list[str]) -> dict[str, tuple[ChildOrder, ...]]:
    found: dict[str, list[ChildOrder]] = {}
    for row in conn.execute(_CHILDREN, {"ids": parent_ids}):
        found.setdefault(row.parent_id, []).append(child_of(row))
    return {parent_id: tuple(children) for parent_id, children in found.items()}


def _closes(conn: Connection, parents: tuple[ParentOrder, ...]) -> dict[str, ParentOrder]:
    """The first legs of those that are second ones, whatever has become of them."""
    wanted = {ids.parent_id(one.signal_id, one.algorithm_id) for one in parents if one.leg > 0}
    if not wanted:
        return {}
    rows = conn.execute(_PARENTS, {"ids": list(wanted)})
    return {row.id: parent_of(row) for row in rows}


def _gave_way(conn: Connection, parents: tuple[ParentOrder, ...]) -> tuple[ParentOrder, ...]:
    """Those that were cancelled for one that waits, or for its first leg, whatever has become of them."""
    waiting = [one for one in parents if one.state is ParentState.PENDING and one.purpose is Purpose.ENTRY]
    wanted = {one.id for one in waiting}
    wanted |= {ids.parent_id(one.signal_id, one.algorithm_id) for one in waiting if one.leg > 0}
    if not wanted:
        return ()
    return tuple(parent_of(row) for row in conn.execute(_GAVE_WAY, {"ids": list(wanted)}))


def _signals(conn: Connection, ids: Iterable[str]) -> list[Row[Any]]:
    return list(conn.execute(_SIGNALS, {"ids": list(ids)}))


def _holdings(conn: Connection, account_id: str, with_others: bool) -> tuple[Holding, ...]:
    query = _HOLDINGS if with_others else _OWN_HOLDINGS
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
        for row in conn.execute(query, {"account": account_id})
    )


def _instruments(conn: Connection, account_id: str) -> dict[str, Instrument]:
    return {row.symbol: row.document for row in conn.execute(_INSTRUMENTS, {"account": account_id})}


def _elsewhere(conn: Connection, account_id: str) -> dict[tuple[str, str], Instrument]:
    rows = conn.execute(_ELSEWHERE, {"account": account_id})
    return {(row.account_id, row.document.id): row.document for row in rows}


def _same_content(
    conn: Connection, parents: tuple[ParentOrder, ...], digests: dict[str, str]
) -> dict[str, datetime]:
    """For each pending parent: when the content came in on which its algorithm last acted and ended, by
    another signal than its own."""
    pending = [parent for parent in parents if parent.state is ParentState.PENDING]
    if not pending:
        return {}
    found: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
    wanted = list({digests[parent.signal_id] for parent in pending})
    for algorithm, digest, signal, at in conn.execute(_ACTED, {"ids": wanted}):
        found.setdefault((algorithm, digest), []).append((signal, at))
    last = {}
    for parent in pending:
        acted = found.get((parent.algorithm_id, digests[parent.signal_id]), [])
        times = [at for signal, at in acted if signal != parent.signal_id]
        if times:
            last[parent.id] = max(times)
    return last
