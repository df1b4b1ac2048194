"""A signal that was accepted while nobody works says so, and what to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from core.services.history import FILLED, WAITING, live_through, wait
from tradewire.brokerage.leases import shared_now
from tradewire.brokerage.worker_report import WorkerReport
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import workers
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
LEASE_S = 30.0


@pytest.fixture(autouse=True)
def waiting(store: Store, clock: FakeClock) -> None:
    store.write_now(lambda conn: wait(conn, clock.now()))


@pytest.fixture
def heard(store: Store, clock: FakeClock) -> Callable[[timedelta], None]:
    """A worker that told of itself so long ago."""

    def sign(ago: timedelta) -> None:
        def unit(conn: Connection) -> None:
            now: datetime = shared_now(conn, clock.now())
            me = WorkerIdentity(id="w1", life="l", host="here", pid=7, version="0", started_at=now)
            answer(conn, me, WorkerReport(), {}, now, LEASE_S, 5.0)
            conn.execute(update(workers).values(heartbeat=now - ago))

        store.write_now(unit)

    return sign


def why(services: Services, run: Run) -> str | None:
    signal = run(services.stories.show(WAITING)).signal
    assert signal.state == "waiting"
    reason: str | None = signal.reason
    return reason


def test_without_any_worker_it_says_what_to_start(services: Services, run: Run) -> None:
    said = why(services, run) or ""
    assert said.startswith("It waits: no worker is running, and none was heard lately. Start `tradewire up`")


def test_a_worker_that_is_gone_is_named_with_when_it_was_last_heard(
    services: Services, run: Run, heard: Callable[[timedelta], None]
) -> None:
    heard(timedelta(minutes=12, seconds=30))
    assert "and the last, w1 on here, was heard 12 min ago. Start" in (why(services, run) or "")
    heard(timedelta(hours=3, seconds=30))
    assert "was heard 3 h ago" in (why(services, run) or "")


def test_with_a_worker_it_only_waits(
    services: Services, run: Run, heard: Callable[[timedelta], None]
) -> None:
    heard(timedelta(0))
    assert why(services, run) is None


def test_where_this_process_works_it_only_waits(make: Callable[..., Services], run: Run) -> None:
    assert why(make(engine=True), run) is None


def test_what_does_not_wait_keeps_its_own_reason(
    services: Services, run: Run, store: Store, clock: FakeClock, paper: str, breakout: str
) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))
    assert run(services.stories.show(FILLED)).signal.reason is None
