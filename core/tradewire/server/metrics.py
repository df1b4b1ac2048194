"""Figures for Prometheus. No label ever holds what a sender wrote."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tradewire.domain.observer import Stage
from tradewire.server.gauges import Gauges
from tradewire.server.health import HealthReport
from tradewire.services.figures import Figures

CONTENT_TYPE = "text/plain; version=0.0.4"

_ANSWERS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 2.5)
#: From a guardian's microseconds to the time-out of a submission.
_STAGES_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNITS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """A registry of its own, so that two servers in one process do not share figures.

    It is the process' `Observer` as well.
    """

    def __init__(self, monotonic: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self._monotonic = monotonic
        self._gauges = Gauges(self.registry)
        self._answers = self._counter(
            "tradewire_webhook_answers", "Answers of the webhook, by kind and HTTP status.", "kind", "status"
        )
        self._by_answer: dict[tuple[str, int], Counter] = {}
        self._failures = self._counter("tradewire_http_failures", "Requests that ended in an exception.")
        self._verdicts = self._counter(
            "tradewire_verdicts", "Verdicts, by guardian and decision.", "guardian", "decision"
        )
        self._submissions = self._counter(
            "tradewire_submissions",
            "Transmissions to a broker, by account and outcome.",
            "account",
            "outcome",
        )
        self._job_failures = self._counter(
            "tradewire_job_failures", "Jobs that ended by an exception nothing caught.", "job"
        )
        self._accept = self._histogram(
            "tradewire_accept_seconds",
            "From the request's arrival to the answer, for accepted signals.",
            _ANSWERS_S,
        )
        self._stages = self._histogram(
            "tradewire_stage_seconds", "How long each stage took, one call each.", _STAGES_S, "stage"
        )
        self._commits = self._histogram(
            "tradewire_commit_seconds", "How long a commit took, its fsync included.", _STAGES_S
        )
        self._units = self._histogram(
            "tradewire_commit_units", "How many units of work one commit stored.", _UNITS
        )
        self._by_stage = {stage: self._stages.labels(stage.value) for stage in Stage}

    def answered(self, kind: str, status: int, seconds: float) -> None:
        counter = self._by_answer.get((kind, status))
        if counter is None:
            counter = self._by_answer[kind, status] = self._answers.labels(kind, str(status))
        counter.inc()
        if kind == "accepted":
            self._accept.observe(seconds)

    def failed(self) -> None:
        self._failures.inc()

    def committed(self, units: int, seconds: float) -> None:
        """What the store tells after each commit."""
        self._commits.observe(seconds)
        self._units.observe(units)

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        begun = self._monotonic()
        try:
            yield
        finally:
            self._by_stage[stage].observe(self._monotonic() - begun)

    def judged(self, guardian: str, decision: str) -> None:
        self._verdicts.labels(guardian, decision).inc()

    def submitted(self, account: str, outcome: str) -> None:
        self._submissions.labels(account, outcome).inc()

    def job_failed(self, job: str) -> None:
        self._job_failures.labels(job).inc()

    def stored(self, figures: Figures) -> None:
        """The figures that stand in the database, as they were last read."""
        self._gauges.stored(figures)

    def exposition(self, report: HealthReport) -> bytes:
        """Prometheus' text, with the ages that `report` found."""
        self._gauges.healthy(report)
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, buckets=buckets, registry=self.registry)
