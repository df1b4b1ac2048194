"""Accepting: many messages in one transaction, each decided in the order of arrival."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ingress import dedupe
from tradewire.ingress.arrival import Arrival, Outcome, Stored
from tradewire.ledger.append import append
from tradewire.store.inserting import RowInsert
from tradewire.store.schema.access import keys
from tradewire.store.schema.signals import signals
from tradewire.store.selecting import RowSelect

#: How exact a key's "last used" is.
_USED_EVERY = timedelta(minutes=1)

# Built once, as in `dedupe`.
_KEYS = RowSelect(keys.c.id, keys.c.id, keys.c.revoked_at, keys.c.last_used_at)
_SIGNALS = RowInsert(
    signals,
    *("id", "provider", "connection", "key_id", "source", "received_at", "accepted_at", "raw", "message"),
    *("strategy_id", "content_digest", "test", "status", "duplicate_of", "routed_at", "outcome", "reason"),
)

_KINDS = {
    Stored.ACCEPTED: EntryKind.SIGNAL_ACCEPTED,
    Stored.DUPLICATE: EntryKind.SIGNAL_DUPLICATE,
    Stored.INVALID: EntryKind.SIGNAL_INVALID,
}


class Accept:
    """The store's batch function: call it with a connection and the arrivals that wait.

    A number of statements that does not depend on how many arrivals there are. Raises `IntegrityError` when
    a concurrent transaction accepted the same message first; the store then gives them one by one.
    """

    def __init__(self, clock: Clock, default_window_s: float) -> None:
        self._clock = clock
        self._default_window_s = default_window_s

    def __call__(self, conn: Connection, arrivals: Sequence[Arrival]) -> list[Outcome]:
        now = self._clock.now()
        revoked = _revoked(conn, arrivals, now)
        decide = _Copies(conn, arrivals, now, self._default_window_s)
        outcomes = [_outcome(arrival, revoked, decide) for arrival in arrivals]
        decide.store()
        stored = [
            (arrival, outcome)
            for arrival, outcome in zip(arrivals, outcomes, strict=True)
            if outcome.stored in _KINDS
        ]
        if stored:
            _SIGNALS(conn, [_row(arrival, outcome, now) for arrival, outcome in stored])
            append(conn, [_entry(arrival, outcome, now) for arrival, outcome in stored])
            crashpoint("accept.storing")
        return outcomes


class _Copies:
    """Which arrivals are copies, of stored ones or of others in the same batch."""

    def __init__(
        self, conn: Connection, arrivals: Sequence[Arrival], now: datetime, default_window_s: float
    ) -> None:
        runnable = [arrival for arrival in arrivals if arrival.fault is None]
        self._conn = conn
        self._now = now
        self._windows = dedupe.windows(
            conn, (_listened(arrival) for arrival in runnable if not arrival.for_ever), default_window_s
        )
        self._stored = dedupe.known(conn, (arrival.digest for arrival in runnable)) if runnable else {}
        self._firsts: dict[str, dedupe.Known] = {}

    def first(self, arrival: Arrival) -> str | None:
        """The signal that `arrival` is a copy of; None if it is the first, which is then remembered."""
        window = None if arrival.for_ever else self._windows[_listened(arrival)]
        before = self._firsts.get(arrival.digest) or self._stored.get(arrival.digest)
        switched_off = window is not None and not window and not arrival.in_doubt
        if before is not None and not switched_off and before.holds(self._now, arrival.in_doubt):
            return before.signal_id
        until = None if window is None else self._now + window
        self._firsts[arrival.digest] = dedupe.Known(signal_id=arrival.id, until=until)
        return None

    def store(self) -> None:
        dedupe.remember(self._conn, self._firsts, self._firsts.keys() & self._stored.keys())


def _listened(arrival: Arrival) -> tuple[str, str]:
    return arrival.provider, "" if arrival.message is None else arrival.message.strategy_id


def _outcome(arrival: Arrival, revoked: Mapping[str, datetime], copies: _Copies) -> Outcome:
    if arrival.key_id in revoked:
        return Outcome(stored=Stored.REVOKED, revoked_at=revoked[arrival.key_id])
    if not arrival.claim.take():
        return Outcome(stored=Stored.GIVEN_UP)
    if arrival.fault is not None:
        return Outcome(stored=Stored.INVALID)
    of = copies.first(arrival)
    return Outcome(stored=Stored.ACCEPTED) if of is None else Outcome(stored=Stored.DUPLICATE, of=of)


def _revoked(conn: Connection, arrivals: Sequence[Arrival], now: datetime) -> dict[str, datetime]:
    """The keys that were revoked since the door looked; of the others, notes that they were used."""
    rows = _KEYS(conn, {arrival.key_id for arrival in arrivals})
    stale = [
        key_id
        for key_id, revoked_at, used in rows
        if revoked_at is None and (used is None or now - used > _USED_EVERY)
    ]
    if stale:
        # One that another process is noting just now is left to it: no message waits for that.
        free = select(keys.c.id).where(keys.c.id.in_(stale)).with_for_update(skip_locked=True)
        conn.execute(update(keys).where(keys.c.id.in_(free)).values(last_used_at=now))
    return {key_id: revoked_at for key_id, revoked_at, _ in rows if revoked_at is not None}


def _row(arrival: Arrival, outcome: Outcome, now: datetime) -> tuple[Any, ...]:
    """In the order of `_SIGNALS`."""
    waits_for_router = outcome.stored is Stored.ACCEPTED
    message = arrival.message
    return (
        arrival.id,
        arrival.provider,
        arrival.connection,
        arrival.key_id,
        arrival.source,
        arrival.received_at,
        now,
        arrival.raw,
        message,
        None if message is None else message.strategy_id,
        arrival.content_digest,
        message is not None and message.test,
        outcome.stored.value,
        outcome.of,
        None if waits_for_router else now,
        None if waits_for_router else outcome.stored.value,
        None if arrival.fault is None else _sentence(arrival),
    )


def _entry(arrival: Arrival, outcome: Outcome, now: datetime) -> Entry:
    message = arrival.message
    return Entry(
        at=now,
        kind=_KINDS[outcome.stored],
        signal_id=arrival.id,
        by=arrival.connection,
        reason=None if arrival.fault is None else _sentence(arrival),
        data={
            "provider": arrival.provider,
            "key_id": arrival.key_id,
            "source": arrival.source,
            "received_at": arrival.received_at,
            "content_digest": arrival.content_digest,
            "strategy_id": None if message is None else message.strategy_id,
            "symbol": None if message is None else message.symbol,
            "action": None if message is None or message.action is None else message.action.value,
            "quantity": None if message is None else message.quantity,
            "of": outcome.of,
            "checked_by": list(arrival.checked_by),
        },
    )


def _sentence(arrival: Arrival) -> str | None:
    fault = arrival.fault
    if fault is None or fault.field is None:
        return None if fault is None else fault.reason
    names_itself = fault.reason.lower().startswith((fault.field.lower(), "invalid api key"))
    return fault.reason if names_itself else f"{fault.field}: {fault.reason}"
