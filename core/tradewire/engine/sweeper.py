"""Every few seconds: ring for what is due, keep the leases, end what is past its time, seal the ledger.

Nothing waits for the sweeper in the ordinary course; it is what makes a lost ring harmless.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection, func, select, update

from tradewire.crashpoints import crashpoint
from tradewire.domain.algorithm import Algorithm, AlgorithmState
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock, iso
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import Purpose
from tradewire.engine.admission import entry_of
from tradewire.engine.bells import Bells
from tradewire.engine.claims import Claims
from tradewire.engine.clock_steps import ClockSteps, wake_all
from tradewire.ingress.dedupe import forget_expired
from tradewire.ledger.append import append
from tradewire.ledger.seal import seal
from tradewire.settings import EngineSettings
from tradewire.state import versions
from tradewire.state.rows import parent_of
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import algorithms, child_orders, decisions, parent_orders, signals

log = structlog.get_logger()

#: Entries sealed in one transaction.
SEAL = 2000


class Due(Struct):
    """What waits: whether signals are unrouted, the accounts with due parents, those with unsent children,
    and those for whose orders a person has decided something.

    `oldest` is since when the longest waiting of all has been due.
    """

    route: bool = False
    accounts: frozenset[str] = frozenset()
    unsent: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()
    oldest: datetime | None = None


class Sweeper:
    """Runs on the I/O loop. `last` is what the last sweep found; `swept_at` is the engine's heartbeat."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bells: Bells,
        settings: EngineSettings,
        claims: Claims,
        resend: Callable[[str], None],
        decide: Callable[[str], None],
    ) -> None:
        """`resend(account_id)` sends what is stored and unsent, `decide(account_id)` applies what a person
        decided; both only for accounts that `claims` holds."""
        self._store = store
        self._clock = clock
        self._bells = bells
        self._settings = settings
        self._claims = claims
        self._resend = resend
        self._decide = decide
        self._steps = ClockSteps(clock)
        self.last = Due()
        self.swept_at = clock.monotonic()

    async def run(self) -> None:
        while True:
            try:
                await self.once()
            except StoreUnavailable as error:
                log.error("The sweep waits for the database.", error=str(error))
            except Exception:
                # Whatever it was, leases must be renewed; health shows that no sweep came to its end.
                log.exception("A sweep failed.")
            await asyncio.sleep(self._settings.sweep_s)

    async def once(self) -> None:
        """One sweep."""
        now = self._clock.now()
        await self._claims.sweep()
        if self._steps.was_set_back():
            await self._store.write(partial(wake_all, now=now))
        for account_id in await self._store.write(partial(expire, now=now)):
            self._bells.work(account_id)
        due = await self._store.read(partial(what_is_due, now=now, is_served=self._claims.holds))
        if due.route:
            self._bells.route()
        for account_id in due.accounts:
            self._bells.work(account_id)
        for account_id in due.unsent:
            self._resend(account_id)
        for account_id in due.decided:
            self._decide(account_id)
        await self._store.write(partial(forget_expired, now=now))
        sealed = SEAL
        while sealed == SEAL:
            sealed = await self._store.write(partial(seal, limit=SEAL))
            if sealed:
                crashpoint("seal.committed")
        self.last = due
        self.swept_at = self._clock.monotonic()


def what_is_due(conn: Connection, now: datetime, is_served: Callable[[str], bool] = lambda _: True) -> Due:
    """Everything that some job of this process should be looking at.

    Of other accounts their own worker takes care, and of those that nobody serves the next claim.
    """
    first = conn.execute(
        select(signals.c.accepted_at).where(signals.c.routed_at.is_(None)).order_by(signals.c.seq).limit(1)
    ).scalar()
    parents = (
        select(parent_orders.c.account_id, func.min(parent_orders.c.wake_at).label("first"))
        .where(parent_orders.c.ended_at.is_(None), parent_orders.c.wake_at <= now)
        .group_by(parent_orders.c.account_id)
    )
    waiting = [row for row in conn.execute(parents) if is_served(row.account_id)]
    unsent = conn.execute(
        select(child_orders.c.account_id)
        .where(child_orders.c.ended_at.is_(None), child_orders.c.state == "new")
        .distinct()
    ).scalars()
    times = [row.first for row in waiting] + ([first] if first is not None else [])
    return Due(
        route=first is not None,
        accounts=frozenset(row.account_id for row in waiting),
        unsent=frozenset(filter(is_served, unsent)),
        decided=frozenset(filter(is_served, conn.execute(select(decisions.c.account_id)).scalars())),
        oldest=min(times, default=None),
    )


def expire(conn: Connection, now: datetime) -> frozenset[str]:
    """Stop the algorithms whose validity has ended and cancel their entries; returns their accounts.

    An exit goes on: what it closes would otherwise be left to nobody.
    """
    # In the order in which the router keeps them still.
    query = (
        select(algorithms.c.document)
        .where(algorithms.c.state == AlgorithmState.STARTED.value, algorithms.c.valid_until <= now)
        .order_by(algorithms.c.id)
    )
    over: list[Algorithm] = list(conn.execute(query).scalars())
    if over:
        # Once more, now that nobody can start or stop one meanwhile.
        hold(conn, Lock.CONFIGURATION)
        versions.lock_several(conn, (algorithm.account_id for algorithm in over))
        over = list(conn.execute(query).scalars())
    for algorithm in over:
        why = f"Its validity ended at {iso(algorithm.valid_until)}." if algorithm.valid_until else "Expired."
        stopped = msgspec.structs.replace(
            algorithm, state=AlgorithmState.STOPPED, state_reason=why, version=algorithm.version + 1
        )
        conn.execute(
            update(algorithms)
            .where(algorithms.c.id == algorithm.id)
            .values(state=stopped.state.value, document=stopped)
        )
        entry = Entry(
            at=now,
            kind=EntryKind.ALGORITHM_EXPIRED,
            account_id=algorithm.account_id,
            algorithm_id=algorithm.id,
            reason=why,
        )
        append(conn, [entry, *_cancel_entries(conn, algorithm, why, now)])
        versions.bump(conn, algorithm.account_id)
    return frozenset(algorithm.account_id for algorithm in over)


def _cancel_entries(conn: Connection, algorithm: Algorithm, why: str, now: datetime) -> list[Entry]:
    """Ask for the cancel of whatever the algorithm still opens; returns what the ledger is told of it."""
    mine = (
        (parent_orders.c.algorithm_id == algorithm.id)
        & parent_orders.c.ended_at.is_(None)
        & ~parent_orders.c.cancel_requested
        & (parent_orders.c.purpose != Purpose.EXIT.value)
    )
    found = conn.execute(select(parent_orders).where(mine).order_by(parent_orders.c.seq)).all()
    conn.execute(update(parent_orders).where(mine).values(cancel_requested=True, wake_at=now))
    return [entry_of(parent_of(row), EntryKind.PARENT_CANCEL_REQUESTED, now, why) for row in found]
