"""Figures for Prometheus. No label ever holds what a sender wrote."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tradewire.server.health import HealthReport

CONTENT_TYPE = "text/plain; version=0.0.4"

_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 2.5)


class Metrics:
    """A registry of its own, so that two servers in one process do not share figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "tradewire_webhook_answers",
            "Answers of the webhook, by kind and HTTP status.",
            ("kind", "status"),
            registry=self.registry,
        )
        self._accept = Histogram(
            "tradewire_accept_seconds",
            "From the request's arrival to the answer, for accepted signals.",
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._failures = Counter(
            "tradewire_http_failures",
            "Requests that ended in an exception.",
            registry=self.registry,
        )
        self._ages = Gauge(
            "tradewire_queue_age_seconds",
            "How long the oldest piece of work has waited, by health check.",
            ("check",),
            registry=self.registry,
        )
        self._healthy = Gauge("tradewire_healthy", "1 if every health check passes.", registry=self.registry)

    def answered(self, kind: str, status: int, seconds: float) -> None:
        self._answers.labels(kind, str(status)).inc()
        if kind == "accepted":
            self._accept.observe(seconds)

    def failed(self) -> None:
        self._failures.inc()

    def exposition(self, report: HealthReport) -> bytes:
        """Prometheus' text, with the ages that `report` found."""
        self._healthy.set(int(report.ok))
        for check in report.checks:
            if check.age_s is not None:
                self._ages.labels(check.name).set(check.age_s)
        return generate_latest(self.registry)
