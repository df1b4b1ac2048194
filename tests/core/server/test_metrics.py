"""What Prometheus reads: every stage, every state, and nothing that a sender wrote."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tradewire.domain.observer import UNOBSERVED, Stage
from tradewire.server.health import Check, HealthReport
from tradewire.server.metrics import Metrics
from tradewire.services.figures import AccountFigures, Figures

FIGURES = Figures(
    parents={"working": 2, "paused": 1},
    children={"unknown": 1},
    unrouted=3,
    unrouted_s=4.5,
    due_s=0.0,
    unsealed=7,
    unsealed_s=1.5,
    switches_set=1,
    restoring=True,
    workers=2,
    accounts=(AccountFigures(name="paper", ready=True, lease_s=20.0),),
)


class Ticking:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1.0
        return self._now


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Ticking())


@pytest.fixture
def read(metrics: Metrics) -> Callable[..., float]:
    """A sample's value, by its name and labels."""

    def value(name: str, **labels: str) -> float:
        text = metrics.exposition(HealthReport()).decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        raise AssertionError(f"{name} {labels} is not there")

    return value


Read = Callable[..., float]


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_there_from_the_start_and_timed(metrics: Metrics, read: Read, stage: Stage) -> None:
    assert read("tradewire_stage_seconds_count", stage=stage.value) == 0
    with metrics.timed(stage):
        pass
    assert read("tradewire_stage_seconds_count", stage=stage.value) == 1
    assert read("tradewire_stage_seconds_sum", stage=stage.value) == 1.0


def test_a_stage_that_fails_is_timed_as_well(metrics: Metrics, read: Read) -> None:
    with pytest.raises(ValueError, match="no"), metrics.timed(Stage.STEP):
        raise ValueError("no")
    assert read("tradewire_stage_seconds_count", stage="step") == 1


def test_verdicts_submissions_commits_and_failed_jobs_are_counted(metrics: Metrics, read: Read) -> None:
    metrics.judged("max_position", "block")
    metrics.submitted("paper", "unknown")
    metrics.job_failed("route")
    metrics.committed(12, 0.004)
    assert read("tradewire_verdicts_total", guardian="max_position", decision="block") == 1
    assert read("tradewire_submissions_total", account="paper", outcome="unknown") == 1
    assert read("tradewire_job_failures_total", job="route") == 1
    assert read("tradewire_commit_units_sum") == 12
    assert read("tradewire_commit_seconds_sum") == 0.004


def test_what_stands_in_the_database_is_shown_with_every_live_state(metrics: Metrics, read: Read) -> None:
    metrics.stored(FIGURES)
    states = {state: read("tradewire_orders_live", state=state) for state in ("pending", "working", "paused")}
    assert states == {"pending": 0, "working": 2, "paused": 1}
    assert read("tradewire_orders_at_broker", state="unknown") == 1
    assert read("tradewire_orders_at_broker", state="acknowledged") == 0
    assert (read("tradewire_signals_unrouted"), read("tradewire_signals_unrouted_age_seconds")) == (3, 4.5)
    assert (read("tradewire_ledger_unsealed"), read("tradewire_ledger_unsealed_age_seconds")) == (7, 1.5)
    assert read("tradewire_restore_unconfirmed") == 1
    assert read("tradewire_account_ready", account="paper") == 1
    assert read("tradewire_account_lease_seconds", account="paper") == 20


def test_an_account_that_is_gone_is_shown_no_longer(metrics: Metrics, read: Read) -> None:
    metrics.stored(FIGURES)
    metrics.stored(Figures(**{**{f: getattr(FIGURES, f) for f in FIGURES.__struct_fields__}, "accounts": ()}))
    with pytest.raises(AssertionError, match="is not there"):
        read("tradewire_account_ready", account="paper")


def test_health_is_a_figure_too(metrics: Metrics) -> None:
    report = HealthReport(checks=(Check(name="engine", ok=False, age_s=31.0),))
    text = metrics.exposition(report).decode()
    assert "tradewire_healthy 0.0" in text
    assert 'tradewire_queue_age_seconds{check="engine"} 31.0' in text


def test_by_default_nobody_is_told() -> None:
    with UNOBSERVED.timed(Stage.MATCH):
        UNOBSERVED.judged("one", "allow")
        UNOBSERVED.submitted("paper", "accepted")
        UNOBSERVED.job_failed("work")


def test_labels_are_few_and_known(metrics: Metrics) -> None:
    metrics.stored(FIGURES)
    names: set[str] = set()
    collected: Any = metrics.registry.collect()
    for family in collected:
        names.update(label for sample in family.samples for label in sample.labels)
    assert names <= {"kind", "status", "stage", "state", "check", "account", "guardian", "decision", "le"}
