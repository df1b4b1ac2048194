"""What the doctor sees from inside: database, disk, key file, clock, workers."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core.services.history import live_through
from tradewire.brokerage.leases import take
from tradewire.brokerage.market_memory import NOTHING
from tradewire.brokerage.worker_report import AccountStanding, WorkerReport
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.ledger.seal import seal
from tradewire.security.key_file import create_key_file
from tradewire.security.sealing import Secrets
from tradewire.services.doctor.disk import disk_findings, fsync_latencies
from tradewire.services.doctor.finding import Finding, Status
from tradewire.services.doctor.service import Surroundings
from tradewire.services.doctor.surroundings import (
    ClockMark,
    clock_finding,
    key_file_finding,
    plugin_finding,
)
from tradewire.services.plugin_list import MissingPlugin
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import leases, parent_orders, workers
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
LEASE_S = 30.0
SWEEP_S = 5.0


@pytest.fixture
def look(
    make: Callable[..., Services], run: Run, tmp_path: Path, secrets: Secrets
) -> Callable[[], dict[str, Finding]]:
    """Everything that is found, by name."""
    key_file = tmp_path / "secret.key"
    key_file.write_bytes(secrets.to_bytes())
    key_file.chmod(0o600)
    services = make(surroundings=Surroundings(folder=tmp_path, key_file=key_file))
    return lambda: {one.name: one for one in run(services.doctor.look()).findings}


@pytest.fixture
def working(store: Store, clock: FakeClock, paper: str) -> Callable[..., None]:
    """Have a worker sign the roll, and hold the account's lease."""

    def sign(ready: bool = True, why_not: str = "waiting for a second factor") -> None:
        me = WorkerIdentity(
            id="w1", life="l", host="here", pid=7, version="0", started_at=clock.now(), url=None
        )
        standing = AccountStanding(
            account_id=paper,
            ready=ready,
            why_not="" if ready else why_not,
            capabilities=NOTHING,
        )

        def unit(conn: Any) -> None:
            take(conn, paper, "w1", clock.now(), LEASE_S)
            answer(conn, me, WorkerReport(accounts=(standing,)), {paper: 1}, clock.now(), LEASE_S, SWEEP_S)

        store.write_now(unit)

    return sign


def test_all_is_well_with_a_worker_that_serves_a_connected_account(
    look: Callable[[], dict[str, Finding]], store: Store, working: Callable[..., None]
) -> None:
    working()
    store.write_now(seal)
    found = look()
    # The test's clock stands still elsewhere than the database server's.
    found.pop("clock", None)
    assert {one.name: one.detail for one in found.values() if one.status is Status.FAIL} == {}
    assert "connected and compared" in found["account paper"].detail
    assert "w1 on here (process 7)" in found["workers"].detail
    assert "tables at revision" in found["store"].detail


def test_without_a_worker_signals_wait(look: Callable[[], dict[str, Finding]], paper: str) -> None:
    found = look()
    assert (found["workers"].status, found["account paper"].status) == (Status.FAIL, Status.FAIL)


@pytest.mark.parametrize("why", ["connecting", "No broker 'notebook' is installed."])
def test_an_account_that_is_not_ready_says_why_in_a_sentence(
    look: Callable[[], dict[str, Finding]], working: Callable[..., None], why: str
) -> None:
    working(ready=False, why_not=why)
    found = look()["account paper"]
    assert found.status is Status.FAIL
    assert found.detail.endswith(f" s. It is not ready: {why.rstrip('.')}.")


def test_a_worker_that_is_no_longer_heard_is_named(
    look: Callable[[], dict[str, Finding]],
    working: Callable[..., None],
    store: Store,
    clock: FakeClock,
) -> None:
    working()
    long_ago = clock.now() - timedelta(days=400)

    def unit(conn: Any) -> None:
        conn.execute(update(leases).values(until=long_ago))
        conn.execute(update(workers).values(heartbeat=long_ago))

    store.write_now(unit)
    found = look()
    assert found["workers"].status is Status.FAIL
    assert "lease of w1 has run out" in found["account paper"].detail


def test_an_account_that_is_not_connected_says_why(
    look: Callable[[], dict[str, Finding]], working: Callable[..., None]
) -> None:
    working(ready=False)
    found = look()["account paper"]
    assert (found.status, "waiting for a second factor" in found.detail) == (Status.FAIL, True)


def test_what_is_due_and_waits_is_a_failure(
    look: Callable[[], dict[str, Finding]], store: Store, clock: FakeClock, paper: str, breakout: str
) -> None:
    def unit(conn: Any) -> None:
        live_through(conn, paper, breakout, clock.now())
        conn.execute(
            update(parent_orders).where(parent_orders.c.ended_at.is_(None)).values(wake_at=clock.now())
        )

    store.write_now(unit)
    clock.advance(700)
    found = look()
    assert (found["work"].status, "700 s" in found["work"].detail) == (Status.FAIL, True)
    assert "fate is unknown: 1" in found["orders"].detail


def test_a_ledger_that_nobody_seals_is_a_warning(
    look: Callable[[], dict[str, Finding]], store: Store, clock: FakeClock, paper: str
) -> None:
    clock.advance(300)
    assert look()["ledger"].status is Status.WARN
    store.write_now(seal)
    assert look()["ledger"].status is Status.OK


def test_a_key_file_that_others_may_read_fails(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    create_key_file(path)
    assert key_file_finding(path).status is Status.OK
    path.chmod(0o644)
    found = key_file_finding(path)
    assert (found.status, "chmod 600" in found.detail) == (Status.FAIL, True)
    assert key_file_finding(tmp_path / "missing").status is Status.FAIL


def test_a_key_file_of_another_database_fails(
    make: Callable[..., Services], run: Run, tmp_path: Path, store: Store, services: Services
) -> None:
    run(services.keys.create("main", "tradingview", "test"))
    path = tmp_path / "secret.key"
    other = create_key_file(path)
    doctor = make(surroundings=Surroundings(folder=tmp_path, key_file=path)).doctor
    doctor._secrets = other
    found = {one.name: one for one in run(doctor.look()).findings}
    assert found["key file"].status is Status.FAIL


def test_a_clock_that_was_set_is_noticed() -> None:
    clock = FakeClock()
    start = ClockMark.of(clock)
    clock.advance(100)
    assert clock_finding(start, clock).status is Status.OK
    earlier = ClockMark(wall_s=start.wall_s - 30, monotonic_s=start.monotonic_s)
    found = clock_finding(earlier, clock)
    assert (found.status, "+30.0 s" in found.detail) == (Status.WARN, True)


class Ticking:
    """A clock by which everything takes `ms` milliseconds."""

    def __init__(self, ms: float) -> None:
        self._now = 0.0
        self._step = ms / 1000

    def __call__(self) -> float:
        self._now += self._step
        return self._now


def mounts(tmp_path: Path, kind: str) -> Path:
    file = tmp_path / "mounts"
    file.write_text(f"root / ext4 rw 0 0\ndata {tmp_path.resolve()} {kind} rw 0 0\n")
    return file


def test_a_slow_disk_is_a_warning(tmp_path: Path) -> None:
    slow = {one.name: one for one in disk_findings(tmp_path, Ticking(25), mounts(tmp_path, "ext4"))}
    quick = {one.name: one for one in disk_findings(tmp_path, Ticking(1), mounts(tmp_path, "ext4"))}
    assert (slow["fsync"].status, quick["fsync"].status) == (Status.WARN, Status.OK)


@pytest.mark.parametrize(
    ("kind", "status"), [("ext4", Status.OK), ("tmpfs", Status.FAIL), ("nfs4", Status.WARN)]
)
def test_what_kind_of_disk_it_is_decides(tmp_path: Path, kind: str, status: Status) -> None:
    found = {one.name: one for one in disk_findings(tmp_path, Ticking(1), mounts(tmp_path, kind))}
    assert found["file system"].status is status


def test_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    [found] = disk_findings(tmp_path / "missing", Ticking(1))
    assert found.status is Status.FAIL


def test_fsyncs_are_really_made(tmp_path: Path) -> None:
    assert len(fsync_latencies(tmp_path, Ticking(1))) == 50
    assert list(tmp_path.iterdir()) == []


def test_a_plugin_that_is_needed_and_not_installed_fails() -> None:
    lost = MissingPlugin(stage="match", name="wildcard", needed_by=('algorithm "scan"',))
    found = plugin_finding([], [], [lost])
    assert found.status is Status.FAIL
    assert found.detail == 'Not installed: the match plugin wildcard (algorithm "scan" needs it).'
    assert plugin_finding([], [], []).status is Status.OK
