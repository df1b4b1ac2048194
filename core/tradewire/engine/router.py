"""The job `route`: every accepted signal into the inboxes of its accounts, in order of arrival."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from tradewire.contract.matcher import SignalFacts
from tradewire.crashpoints import crashpoint
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.clock import Clock
from tradewire.domain.observer import Stage
from tradewire.domain.order import ParentOrder
from tradewire.engine import loading
from tradewire.engine.bells import Bells
from tradewire.engine.routing import Listeners, Route, failed, route
from tradewire.engine.single_flight import SingleFlight
from tradewire.engine.storing import Overtaken, store_routes
from tradewire.plugins import Plugins
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold

BATCH = 200
LONGEST_REST_S = 0.05

_NOTHING: tuple[int, frozenset[str]] = (0, frozenset())

log = structlog.get_logger()


class Router:
    """One at a time: a second call while one runs makes that one look once more."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        clock: Clock,
        bells: Bells,
        expect: Callable[[Iterable[ParentOrder]], None],
        *,
        shared: bool = False,
    ) -> None:
        """`expect` is told what is about to be committed, so that prices are there when they are needed.

        Where the database is `shared`, one process at a time looks and stores, so that no signal overtakes
        another.
        """
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._bells = bells
        self._expect = expect
        self._shared = shared
        self._flight = SingleFlight()

    def route(self) -> None:
        self._flight.run("route", self._all)

    def _all(self) -> float:
        """Everything that waits; returns how long to rest, twice what it took, so that in a burst the door
        gets on and what came in meanwhile is routed in one go."""
        began = self._clock.monotonic()
        waiting = BATCH
        while waiting == BATCH:
            try:
                waiting, routed = self._batch()
            except Overtaken:
                # Somebody changed an algorithm meanwhile: once more, with what it says now.
                continue
            if waiting:
                crashpoint("route.committed")
            for account_id in routed:
                self._bells.work(account_id)
        return min(2 * (self._clock.monotonic() - began), LONGEST_REST_S)

    def _batch(self) -> tuple[int, frozenset[str]]:
        """Route what waits, as much as goes into one transaction; how much it was, and whom it concerns."""
        if self._shared:
            return self._store.write_now(self._locked)
        signals = self._store.read_now(partial(loading.unrouted, limit=BATCH))
        if not signals:
            return _NOTHING
        now, algorithms = self._clock.now(), self._store.read_now(loading.all_algorithms)
        routes = self._routes(signals, algorithms, now)
        return len(signals), self._store.write_now(
            partial(store_routes, routes=routes, seen=algorithms, now=now)
        )

    def _locked(self, conn: Connection) -> tuple[int, frozenset[str]]:
        hold(conn, Lock.ROUTER)
        signals = loading.unrouted(conn, BATCH)
        if not signals:
            return _NOTHING
        now, algorithms = self._clock.now(), loading.all_algorithms(conn)
        return len(signals), store_routes(conn, self._routes(signals, algorithms, now), algorithms, now)

    def _routes(
        self, signals: Sequence[SignalFacts], algorithms: Sequence[Algorithm], now: datetime
    ) -> list[Route]:
        listeners = Listeners(algorithms, now)
        routes = [self._routed(signal, listeners) for signal in signals]
        self._expect(run.parent for one in routes for run in one.runs if run.parent.state.is_live)
        return routes

    def _routed(self, signal: SignalFacts, listeners: Listeners) -> Route:
        try:
            with self._plugins.observer.timed(Stage.ROUTE):
                return route(self._plugins, signal, listeners)
        except Exception as error:
            log.exception("A signal could not be routed.", signal=signal.id)
            return failed(signal, error, listeners.now)
