"""Which of an account's orders one look reads: all that are at work, and of those that wait so many that a
plan costs about the same however long the queue is.

A lane's waiting orders are always read from its first one on without a gap, so what is decided about one of
them is what would be decided with all of them in sight.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Select, bindparam, func, or_, select

from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ParentOrder, Purpose
from tradewire.state.rows import parent_of
from tradewire.store.schema import parent_orders

#: So many pending orders are read for each one that a plan may decide about.
WAITING_PER_DECISION = 2

_ACCOUNT: BindParameter[str] = bindparam("account")
_MOST: BindParameter[int] = bindparam("most", type_=Integer)
_row = parent_orders.c
# In the order of the index over live orders: by `seq` alone SQLite would go through all that ever were.
_LIVE = select(parent_orders).where(_row.ended_at.is_(None)).order_by(parent_orders.c.account_id, _row.seq)
# What is to be cancelled, or cancels, is not held up by any queue.
_AT_WORK = _LIVE.where(
    _row.account_id == _ACCOUNT,
    or_(_row.admitted_at.is_not(None), _row.cancel_requested, _row.purpose == Purpose.CANCEL.value),
)
_AT_WORK_ELSEWHERE = _LIVE.where(_row.account_id != _ACCOUNT, _row.admitted_at.is_not(None))
_pending = (_row.account_id == _ACCOUNT) & _row.ended_at.is_(None) & _row.admitted_at.is_(None)
_PENDING = _LIVE.where(_row.account_id == _ACCOUNT, _row.admitted_at.is_(None))
_FIRST = _PENDING.limit(_MOST)
_ranked = (
    select(_row.seq, func.row_number().over(partition_by=_row.symbol, order_by=_row.seq).label("nth"))
    .where(_pending)
    .subquery()
)
_OF_EACH: Select[Any] = (
    select(parent_orders)
    .join(_ranked, _ranked.c.seq == _row.seq)
    .where(_ranked.c.nth <= _MOST)
    .order_by(_row.seq)
)
_OF_ALGORITHMS = _PENDING.where(_row.algorithm_id.in_(bindparam("ids", expanding=True)))


class Inbox(Struct):
    """`own` are the account's by seq, `others` the admitted ones of all other accounts, where asked for.

    `cut`: pending ones were left out. `later` are the ids of pending ones whose turn has not come, although
    they are shown: for what is cancelled.
    """

    own: tuple[ParentOrder, ...]
    others: tuple[ParentOrder, ...]
    cut: bool
    later: frozenset[str]


def read_inbox(
    conn: Connection,
    account_id: str,
    at_once: int,
    reach: int,
    instruments: Mapping[str, Instrument],
    with_others: bool,
) -> Inbox:
    """With `reach` 0 those that were accepted first, twice as many as the plan decides about `at_once`. With
    1 the first few of each symbol, and with each further step twice as many. `instruments` by symbol."""
    at_work = [parent_of(row) for row in conn.execute(_AT_WORK, {"account": account_id})]
    others = conn.execute(_AT_WORK_ELSEWHERE, {"account": account_id}) if with_others else ()
    own = {one.id: one for one in at_work}
    most = at_once * WAITING_PER_DECISION if reach == 0 else max(at_once // 4, 1) * 2 ** (reach - 1)
    query = _FIRST if reach == 0 else _OF_EACH
    # One more than wanted tells whether there are more.
    rows = [parent_of(row) for row in conn.execute(query, {"account": account_id, "most": most + 1})]
    first, cut = (rows[:most], len(rows) > most) if reach == 0 else _without_gaps(rows, most, instruments)
    later = {one.id for one in own.values() if one.admitted_at is None}
    if cancelling := {one.algorithm_id for one in own.values() if one.purpose is Purpose.CANCEL}:
        found = conn.execute(_OF_ALGORITHMS, {"account": account_id, "ids": sorted(cancelling)})
        theirs = [parent_of(row) for row in found]
        own |= {one.id: one for one in theirs}
        later |= {one.id for one in theirs}
    own |= {one.id: one for one in first}
    return Inbox(
        own=tuple(sorted(own.values(), key=lambda one: one.seq)),
        others=tuple(parent_of(row) for row in others),
        cut=cut,
        later=frozenset(later - {one.id for one in first}),
    )


def _without_gaps(
    rows: Sequence[ParentOrder], most: int, instruments: Mapping[str, Instrument]
) -> tuple[list[ParentOrder], bool]:
    """At most so many of each symbol, none of them behind one of its lane that is left out; and whether any
    is left out."""
    by_symbol: dict[str, list[ParentOrder]] = {}
    for one in rows:
        by_symbol.setdefault(one.symbol, []).append(one)
    ends = {symbol: found[most].seq for symbol, found in by_symbol.items() if len(found) > most}
    reached = _lane_ends(ends, by_symbol, instruments)
    first = [one for one in rows if one.symbol not in reached or one.seq < reached[one.symbol]]
    return first, bool(ends)


def _lane_ends(
    ends: Mapping[str, int], symbols: Iterable[str], instruments: Mapping[str, Instrument]
) -> dict[str, int]:
    """Where each symbol's lane ends: before the first that is left out of any symbol that may share it."""
    keys = {symbol: _lane_keys(symbol, instruments) for symbol in symbols}
    by_key: dict[str, int] = {}
    found = dict(ends)
    changed = bool(found)
    while changed:
        for symbol, end in found.items():
            for key in keys[symbol]:
                by_key[key] = min(end, by_key.get(key, end))
        before = dict(found)
        for symbol, own in keys.items():
            if known := [by_key[key] for key in own if key in by_key]:
                found[symbol] = min(known)
        changed = found != before
    return found


def _lane_keys(symbol: str, instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    known = instruments.get(symbol)
    ticker = f"ticker {bare(symbol)}"
    return (ticker, f"instrument {known.id}") if known is not None else (ticker,)


def bare(symbol: str) -> str:
    """A ticker without exchange and separators: a stand-in for its lane until the broker has resolved it."""
    return "".join(letter for letter in symbol.rsplit(":", 1)[-1].upper() if letter.isalnum())
