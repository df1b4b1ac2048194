"""Which workers run, which are silent, which are gone, and which accounts nobody serves."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tradewire.brokerage.leases import shared_now, take
from tradewire.brokerage.worker_report import WorkerReport
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.services.services import Services
from tradewire.services.workers import WorkerList, Workers
from tradewire.store.database import Store
from tradewire.store.schema import workers
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
Seen = Callable[..., WorkerList]
LEASE_S = 30.0


@pytest.fixture
def seen(store: Store, run: Run, clock: FakeClock, paper: str) -> Seen:
    """`seen(pid, silent_s)`: what is told of a worker of this machine that was last heard so long ago."""

    def sign(pid: int, silent_s: float, **options: Any) -> WorkerList:
        me = WorkerIdentity(id="w1", life="l", host="here", pid=pid, version="1", started_at=clock.now())

        def unit(conn: Any) -> None:
            take(conn, paper, "w1", clock.now(), LEASE_S)
            answer(conn, me, WorkerReport(), {paper: 1}, clock.now(), LEASE_S, 5.0)
            heard = shared_now(conn, clock.now()) - timedelta(seconds=silent_s)
            conn.execute(update(workers).values(heartbeat=heard))

        store.write_now(unit)
        told: WorkerList = run(Workers(store, clock, LEASE_S, host="here", **options).list())
        return told

    return sign


@pytest.fixture
def dead() -> int:
    """The number of a process that was there."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_one_that_told_of_itself_is_running(seen: Seen) -> None:
    found = seen(os.getpid(), 1)
    [one] = found.items
    assert (one.state, one.alive, [served.account for served in one.accounts]) == ("running", True, ["paper"])
    assert found.unserved == ()


def test_one_that_misses_its_signs_of_life_is_silent_and_keeps_its_accounts(seen: Seen) -> None:
    found = seen(os.getpid(), 15)
    [one] = found.items
    assert (one.state, one.alive, len(one.accounts)) == ("silent", True, 1)
    assert one.heard_s == pytest.approx(15, abs=1)


def test_a_process_of_this_machine_that_was_killed_is_gone_before_its_lease_ends(
    seen: Seen, dead: int
) -> None:
    found = seen(dead, 15)
    [one] = found.items
    assert (one.state, one.alive, one.accounts, found.unserved) == ("gone", False, (), ("paper",))


def test_one_whose_lease_has_run_out_is_gone_since_it_was_last_heard(seen: Seen) -> None:
    [one] = seen(os.getpid(), 40).items
    assert one.state == "gone"
    assert one.heard_s == pytest.approx(40, abs=1)


def test_nobody_works_on_a_file_that_no_process_holds(seen: Seen, services: Services, run: Run) -> None:
    [one] = seen(os.getpid(), 1, nobody=True).items
    assert one.state == "gone"
    assert run(services.workers.list()).unserved == ("paper",)
