"""Processes that start at once, a second `tradewire up`, a database that is restarted under them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from integration.fleet import Fleet, fleet, until
from servers.postgres import Postgres
from servers.valkey import Valkey
from tradewire.engine.engine import Engine
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.worker import WorkerReady, run_worker
from tradewire.settings import load_settings
from tradewire.store.schema import parent_orders

ALONE = ("TRADEWIRE_DRAMATIQ_URL",)


def test_several_first_starts_at_once_make_one_key_file_and_one_set_of_tables(
    tmp_path: Path, postgres: Postgres, valkey: Valkey
) -> None:
    url = postgres.create(migrated=False)
    with fleet(tmp_path, url, valkey.url) as processes:
        starting = [processes.start("worker", "--id", name) for name in ("w1", "w2", "w3")]
        starting.append(processes.start("serve", "--port", "0"))
        for one in starting:
            one.ready()
        processes.prepare("a")
        processes.accepted(starting[-1], "a", action="buy")
        processes.settled()
        assert [row.state for row in processes.rows(parent_orders)] == ["filled"]
    postgres.drop(url)


def test_a_second_up_on_one_database_is_refused(tmp_path: Path, postgres_url: str, valkey: Valkey) -> None:
    with fleet(tmp_path, postgres_url, valkey.url) as processes:
        first = processes.start("up", "--port", "0", without=ALONE).ready()
        second = processes.start("up", "--port", "0", without=ALONE)
        assert "A `tradewire up` is running on this database already." in second.refusal()
        assert "Leave dramatiq_url" in processes.start("up", "--port", "0").refusal()
        first.kill()
        assert processes.start("up", "--port", "0", without=ALONE).ready().stop() == 0


def test_a_restarted_database_is_found_again_and_names_are_borne_as_before(
    tmp_path: Path, valkey: Valkey
) -> None:
    postgres = Postgres()
    postgres.start()
    try:
        with fleet(tmp_path, postgres.create(migrated=False), valkey.url) as processes:
            processes.prepare("a")
            door = processes.serve()
            processes.worker("w1")
            processes.accepted(door, "a", action="buy")
            processes.settled()
            postgres.restart()
            until(lambda: processes.post(door, "a", action="buy", quantity=2).status_code == 200)
            processes.settled()
            assert "is running on this database already" in processes.start("worker", "--id", "w1").refusal()
    finally:
        postgres.remove()


def test_a_worker_whose_engine_stands_still_is_unhealthy_and_another_takes_over(
    tmp_path: Path, postgres_url: str, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewire.runtime.health.LONGEST_WAIT_S", 1.0)
    with fleet(tmp_path, postgres_url, valkey.url) as processes, ExitStack() as stack:
        processes.prepare("a")
        hold = threading.Event()
        standing = stack.enter_context(working(processes, "w1"))
        stack.callback(hold.set)
        until(lambda: processes.owners() == {"a": "w1"})
        assert standing.health() == 200
        standing.engine.desk.loop_task(blocking(hold))
        until(lambda: standing.health() == 503)
        door, _ = processes.serve(), processes.worker("w2")
        until(lambda: processes.owners() == {"a": "w2"})
        hold.set()
        until(lambda: standing.health() == 200 and not standing.engine.claims.held())
        processes.accepted(door, "a", action="buy")
        processes.settled()
        assert processes.owners() == {"a": "w2"}


class Standing:
    """A worker in the test's own process, whose engine a test may block."""

    def __init__(self, processes: Fleet, worker_id: str) -> None:
        self.engine: Engine
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        folder = DataFolder(processes.folder / worker_id)
        given = {name: one for name, one in processes.environment.items() if name.startswith("TRADEWIRE_")}
        settings = load_settings(folder.settings_file, {**given, "TRADEWIRE_WORKER__ID": worker_id})
        running = run_worker(folder, settings, SystemClock(), on_ready=self._on_ready, stop=self._stop)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(running,), daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def health(self) -> int:
        return httpx.get(f"{self.url}/health", timeout=5).status_code

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        self._loop.close()

    def _on_ready(self, engine: Engine, ready: WorkerReady) -> None:
        self.engine, self.url = engine, ready.at.url
        self._ready.set()


@contextmanager
def working(processes: Fleet, worker_id: str) -> Iterator[Standing]:
    standing = Standing(processes, worker_id)
    try:
        yield standing
    finally:
        standing.stop()


async def blocking(hold: threading.Event) -> None:
    """What a plugin does that forgets to await."""
    hold.wait(60)
