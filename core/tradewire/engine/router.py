"""The job `route`: every accepted signal into the inboxes of its accounts, in order of arrival."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

import structlog

from tradewire.contract.matcher import SignalFacts
from tradewire.crashpoints import crashpoint
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.clock import Clock
from tradewire.domain.order import ParentOrder
from tradewire.engine import loading
from tradewire.engine.bells import Bells
from tradewire.engine.routing import Route, failed, route
from tradewire.engine.single_flight import SingleFlight
from tradewire.engine.storing import store_routes
from tradewire.plugins import Plugins
from tradewire.store.database import Store

BATCH = 200

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
    ) -> None:
        """`expect` is told what is about to be committed, so that prices are there when they are needed."""
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._bells = bells
        self._expect = expect
        self._flight = SingleFlight()

    def route(self) -> None:
        self._flight.run("route", self._all)

    def _all(self) -> None:
        while True:
            signals = self._store.read_now(partial(loading.unrouted, limit=BATCH))
            if not signals:
                return
            algorithms = self._store.read_now(loading.all_algorithms)
            now = self._clock.now()
            routes = [self._routed(signal, algorithms, now) for signal in signals]
            self._expect(run.parent for one in routes for run in one.runs if run.parent.state.is_live)
            routed = self._store.write_now(partial(store_routes, routes=routes, now=now))
            crashpoint("route.committed")
            for account_id in routed:
                self._bells.work(account_id)

    def _routed(self, signal: SignalFacts, algorithms: Sequence[Algorithm], now: datetime) -> Route:
        try:
            return route(self._plugins, signal, algorithms, now)
        except Exception as error:
            log.exception("A signal could not be routed.", signal=signal.id)
            return failed(signal, error, now)
