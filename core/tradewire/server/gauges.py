"""Figures that rise and fall: health, ages, and what stands in the database."""

from prometheus_client import CollectorRegistry, Gauge

from tradewire.domain.order import ChildState, ParentState
from tradewire.server.health import HealthReport
from tradewire.services.figures import Figures


class Gauges:
    """What the database tells is of the whole database: the same in each of its processes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"tradewire_{name}", about, labels, registry=registry)

        self._healthy = gauge("healthy", "1 if every health check passes.")
        self._ages = gauge(
            "queue_age_seconds", "How long the oldest piece of work has waited, by health check.", "check"
        )
        self._parents = gauge("orders_live", "Parent orders that have not ended, by state.", "state")
        self._children = gauge("orders_at_broker", "Orders that may still fill, by state.", "state")
        self._unrouted = gauge("signals_unrouted", "Accepted signals that wait for the router.")
        self._unrouted_s = gauge("signals_unrouted_age_seconds", "How long the oldest of them has waited.")
        self._due_s = gauge("due_age_seconds", "How long the oldest due order has waited.")
        self._unsealed = gauge("ledger_unsealed", "Entries of the ledger that are not sealed.")
        self._unsealed_s = gauge("ledger_unsealed_age_seconds", "How long the oldest of them has waited.")
        self._switches = gauge("switches_set", "Kill switches that are not active.")
        self._restoring = gauge("restore_unconfirmed", "1 while a restore waits to be confirmed.")
        self._workers = gauge("workers", "Processes that work orders and are heard.")
        self._ready = gauge("account_ready", "1 while the account is connected and compared.", "account")
        self._leases = gauge(
            "account_lease_seconds",
            "For how long somebody still works for the account; 0: nobody.",
            "account",
        )

    def healthy(self, report: HealthReport) -> None:
        self._healthy.set(int(report.ok))
        for check in report.checks:
            if check.age_s is not None:
                self._ages.labels(check.name).set(check.age_s)

    def stored(self, figures: Figures) -> None:
        for parent in ParentState:
            if parent.is_live:
                self._parents.labels(parent.value).set(figures.parents.get(parent.value, 0))
        for child in ChildState:
            if child.is_open:
                self._children.labels(child.value).set(figures.children.get(child.value, 0))
        self._unrouted.set(figures.unrouted)
        self._unrouted_s.set(figures.unrouted_s)
        self._due_s.set(figures.due_s)
        self._unsealed.set(figures.unsealed)
        self._unsealed_s.set(figures.unsealed_s)
        self._switches.set(figures.switches_set)
        self._restoring.set(int(figures.restoring))
        self._workers.set(figures.workers)
        self._ready.clear()
        self._leases.clear()
        for account in figures.accounts:
            self._ready.labels(account.name).set(int(account.ready))
            self._leases.labels(account.name).set(account.lease_s)
