"""The job `work`: everything that is due in one account's lanes. It never waits for a broker."""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from sqlalchemy import Connection

from tradewire.brokerage.market_view import MarketView, Want
from tradewire.brokerage.turns import Turns
from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.observer import Stage
from tradewire.domain.order import ChildOrder
from tradewire.engine import loading
from tradewire.engine.account_view import AccountView, EngineLimits
from tradewire.engine.changes import Changes
from tradewire.engine.guarding import Judge, weighs_all_accounts
from tradewire.engine.loading import AT_ONCE
from tradewire.engine.planning import plan
from tradewire.engine.single_flight import SingleFlight
from tradewire.engine.storing import Overtaken, store_plan
from tradewire.plugins import Plugins
from tradewire.state import versions
from tradewire.store.database import Store

#: After so many overtaken plans one is made where nothing can overtake it.
ATTEMPTS = 3
LONGEST_REST_S = 0.02
#: The same between two plans of one look, while more waits than they can decide about: as long as a plan took
#: where so many orders are at work, a quarter of it at least.
LONGEST_REST_BEHIND_S = 0.1
MANY_AT_WORK = 100
#: Where more is left each time, a plan decides about twice as many as the one before, up to so many: reading
#: the account costs the same however much is decided.
MOST_AT_ONCE = 80
#: But not while a plan takes long: reports and accepts wait for it, and overtake what takes too long.
QUICK_S, SLOW_S = 0.1, 0.2


class Desk(Protocol):
    """What the job hands over to: the account's session on its own loop. No call blocks."""

    def market(self, account_id: str) -> MarketView: ...

    def send(self, children: Sequence[ChildOrder]) -> None: ...

    def cancel(self, children: Sequence[ChildOrder]) -> None: ...

    def want(self, wants: Iterable[Want]) -> None: ...

    def wake(self, account_id: str, at: datetime) -> None:
        """Ring then. Of several times for one account the earliest is kept: whoever looks then tells of the
        next one."""


class Worker:
    """Plans an account and commits the plan; only what was committed is handed over."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        judge: Judge,
        clock: Clock,
        limits: EngineLimits,
        desk: Desk,
        turns: Turns | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        """`at_once`: how many pending orders the first plan of a look decides about."""
        self._at_once = at_once
        self._store = store
        self._plugins = plugins
        self._judge = judge
        self._clock = clock
        self._limits = limits
        self._desk = desk
        self._turns = turns or Turns()
        self._with_others = weighs_all_accounts(plugins, limits.global_guardians)
        self._stopping = threading.Event()
        self._flight = SingleFlight(self._stopping)
        #: How far the next look at each account reads.
        self._reach: dict[str, int] = {}

    def work(self, account_id: str) -> None:
        if not self._stopping.is_set():
            self._flight.run(account_id, partial(self._once, account_id))

    def stop(self) -> None:
        """The plans under way are finished and stored; what is due besides stays so, and nobody rests."""
        self._stopping.set()

    def _once(self, account_id: str) -> float:
        """All that is due; returns how long to rest: as long as it worked, so that in a burst one look finds
        what many brought. After a look that found nothing there is no rest."""
        began = self._clock.monotonic()
        at_once, planned_at = self._at_once, began
        while (changes := self._planned(account_id, at_once)) is not None:
            self._hand_over(account_id, changes)
            self._reach[account_id] = changes.reach
            crashpoint("reserve.handed_over")
            if not changes.more:
                return min(self._clock.monotonic() - began, LONGEST_REST_S)
            took = self._clock.monotonic() - planned_at
            if changes.is_behind:
                self._stopping.wait(_rest_behind(took, changes.at_work))
            if self._stopping.is_set():
                return 0.0
            at_once, planned_at = self._next_at_once(at_once, took), self._clock.monotonic()
        return 0.0

    def _next_at_once(self, at_once: int, took_s: float) -> int:
        if took_s > SLOW_S:
            return max(at_once // 2, self._at_once)
        return min(2 * at_once, MOST_AT_ONCE) if took_s < QUICK_S else at_once

    def _hand_over(self, account_id: str, changes: Changes) -> None:
        self._desk.want(changes.wants)
        self._desk.send([child for child in changes.new_children if child.state.is_open])
        self._desk.cancel(changes.cancels)
        self._wake(account_id, changes.next_look)

    def _wake(self, account_id: str, at: datetime | None) -> None:
        if at is not None:
            self._desk.wake(account_id, at)

    def _planned(self, account_id: str, at_once: int) -> Changes | None:
        with self._turns.planning(account_id):
            return self._attempted(account_id, at_once)

    def _attempted(self, account_id: str, at_once: int) -> Changes | None:
        market = self._desk.market(account_id)
        for _ in range(ATTEMPTS):
            view = self._store.read_now(partial(self._view, account_id, market.epoch, at_once))
            if view is None:
                return None
            if not is_due(view):
                times = (parent.wake_at for parent in view.parents if parent.wake_at is not None)
                self._wake(account_id, min(times, default=None))
                return None
            with self._plugins.observer.timed(Stage.PLAN):
                changes = plan(view, market, self._plugins, self._judge, self._limits)
            if changes.is_empty:
                return changes
            crashpoint("admit.evaluated")
            try:
                self._store.write_now(
                    partial(store_plan, view=view, changes=changes, with_others=self._with_others)
                )
            except Overtaken:
                continue
            crashpoint("reserve.committed")
            return changes
        return self._store.write_now(partial(self._plan_and_store, account_id, market, at_once))

    def _view(self, account_id: str, epoch: int | None, at_once: int, conn: Connection) -> AccountView | None:
        """None also where another process has taken the account since its session was opened here."""
        reach = self._reach.get(account_id, 0)
        view = loading.account_view(conn, account_id, self._clock.now(), self._with_others, at_once, reach)
        return view if view is None or epoch in (None, view.epoch) else None

    def _plan_and_store(
        self, account_id: str, market: MarketView, at_once: int, conn: Connection
    ) -> Changes | None:
        if self._with_others:
            versions.lock_all(conn)
        else:
            versions.lock(conn, account_id)
        view = self._view(account_id, market.epoch, at_once, conn)
        if view is None:
            return None
        changes = plan(view, market, self._plugins, self._judge, self._limits)
        store_plan(conn, view, changes, self._with_others)
        return changes


def _rest_behind(took_s: float, at_work: int) -> float:
    """Whoever accepts, sends and stores what brokers tell needs the processor too: the more has been admitted
    and is not done, the less it helps to admit more."""
    return min(took_s * max(at_work / MANY_AT_WORK, 0.25), LONGEST_REST_BEHIND_S)


def is_due(view: AccountView) -> bool:
    """Whether anything of the account may need a plan now; of what is not in sight that is not known."""
    return view.cut or any(
        parent.wake_at is not None and parent.wake_at <= view.now for parent in view.parents
    )
