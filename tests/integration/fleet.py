"""Several processes on one PostgreSQL: `tradewire serve`, `tradewire worker`, as a user runs them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import Connection, Row, Table, select

import plain_http
from integration.forked import Forked
from integration.relay import ALGORITHM, PATIENCE_S
from sending import sent, signal_of
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.core import Core, open_core
from tradewire.runtime.folder import DataFolder
from tradewire.services.accounts import NewAccount
from tradewire.settings import load_settings
from tradewire.store.schema import leases, parent_orders, signals

#: Short waits, so that what is lost is missed soon, and an account that is left is taken over soon.
QUICK = {
    "TRADEWIRE_ENGINE__SUBMIT_TIMEOUT_S": "1",
    "TRADEWIRE_ENGINE__LOOKUP_BASE_S": "0.05",
    "TRADEWIRE_ENGINE__LOOKUP_MAX_S": "0.5",
    "TRADEWIRE_ENGINE__SWEEP_S": "0.5",
    "TRADEWIRE_ENGINE__LEASE_S": "4",
}


class Process:
    """One `tradewire` process that says in a line of JSON when it is ready."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        self.process: subprocess.Popen[str] | Forked
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tradewire", *arguments, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        self.url = ""

    def ready(self) -> "Process":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self._log.read_text()[-4000:]
        self.url = json.loads(line)["url"]
        return self

    def refusal(self) -> str:
        """What a process says that does not start."""
        code = self.process.wait(timeout=PATIENCE_S)
        assert code == 1, code
        return self._log.read_text()

    def health(self) -> httpx.Response:
        return plain_http.get(f"{self.url}/health", timeout=30)

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def revive(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.gone()

    def stop(self) -> int:
        self.process.terminate()
        return self.gone()

    def gone(self) -> int:
        code = self.process.wait(timeout=PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def log(self) -> str:
        return self._log.read_text()


class Quick(Process):
    """The same, forked from a process that has imported everything already; what it says is in `place`."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], place: Path) -> None:
        self._log = place / "err.txt"
        self.process = Forked([*arguments, "--json"], environment, place)
        self.url = ""


class Fleet:
    """The processes on one database, and the services in the test's own process, which works nothing."""

    kind: type[Process] = Process

    def __init__(self, folder: Path, database_url: str, dramatiq_url: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")},
            **QUICK,
            "TRADEWIRE_DATABASE_URL": database_url,
            "TRADEWIRE_DRAMATIQ_URL": dramatiq_url,
            "TRADEWIRE_KEY_FILE": str(folder / "secret.key"),
            **settings,
        }
        self.processes: list[Process] = []
        self.key = ""
        self.core = self._core()

    def serve(self, *options: str) -> Process:
        return self.start("serve", "--port", "0", *options).ready()

    def worker(self, worker_id: str, **settings: str) -> Process:
        return self.start("worker", "--id", worker_id, **settings).ready()

    def workers(self, *worker_ids: str) -> list[Process]:
        """Several at once, which is quicker than one after the other."""
        return [one.ready() for one in [self.start("worker", "--id", name) for name in worker_ids]]

    def start(self, *arguments: str, without: Sequence[str] = (), **settings: str) -> Process:
        """A process of which nothing is known yet; `without` names variables that it does not get."""
        log = self.folder / f"{len(self.processes)}-{arguments[0]}.log"
        data = self.folder / f"{len(self.processes)}"
        given = {**self.environment, **settings}
        environment = {name: value for name, value in given.items() if name not in without}
        process = self.kind([*arguments, "--data", str(data)], environment, log)
        self.processes.append(process)
        return process

    def prepare(self, *accounts: str, **config: Any) -> None:
        """A key, and paper accounts each with an algorithm of its name."""
        self.key = self.do(self.core.services.keys.create("main", "tradingview", "test")).secret
        for name in accounts:
            self.add_account(name, **config)
            self.add_algorithm(name, account=name)

    def add_account(self, name: str, **config: Any) -> None:
        new = NewAccount(name=name, broker="paper", config={"starting_cash": "100000000", **config})
        if "url" in config:
            new = NewAccount(name=name, broker="paper", config=config)
        self.do(self.core.services.accounts.add(new, "test"))

    def add_algorithm(self, name: str, **changes: Any) -> None:
        fields = {
            "symbol": "AAPL",
            "quantity": 1,
            "signal": name,
            "shorts": "true",
            "max_position": "quantity = 1000000",
        }
        text = ALGORITHM.format(name=name, **{**fields, **changes})
        self.do(self.core.services.algorithms.add(text, "test"))
        self.do(self.core.services.algorithms.start(name, "test"))

    def do(self, work: Any) -> Any:
        """Await a coroutine of the services."""
        return asyncio.run(work)

    def post(self, door: Process, strategy: str, **fields: Any) -> httpx.Response:
        body = msgspec.json.encode({"apiKey": self.key, "strategyId": strategy, **fields})
        url = f"{door.url}/api/tradingview/webhook"
        return sent(lambda: plain_http.post(url, content=body, timeout=30))

    def accepted(self, door: Process, strategy: str, **fields: Any) -> str:
        """The id of a signal that was accepted."""
        return signal_of(self.post(door, strategy, **fields))

    def post_all(self, doors: Sequence[Process], messages: Sequence[dict[str, Any]]) -> list[httpx.Response]:
        """Post all of them at once, in turn at each of the doors."""
        with ThreadPoolExecutor(max_workers=len(messages)) as pool:
            return list(pool.map(lambda one: self.post(one[0], **one[1]), zip(cycle(doors), messages)))

    def rows(self, table: Table) -> Sequence[Row[Any]]:
        return self.core.store.read_now(lambda conn: conn.execute(select(table)).all())

    def owners(self) -> dict[str, str | None]:
        """Which worker holds each account, by the account's name."""
        names = {one.id: one.name for one in self.do(self.core.services.accounts.list())}
        return {names[row.account_id]: row.owner for row in self.rows(leases)}

    def settled(self) -> None:
        """Wait until every accepted signal is routed and every parent order has ended."""
        until(lambda: not self.unfinished(), lambda: str(self.unfinished()))

    def unfinished(self) -> list[Any]:
        told = (parent_orders.c.symbol, parent_orders.c.state, parent_orders.c.detail)
        unrouted = select(signals.c.id).where(signals.c.routed_at.is_(None))
        unended = select(*told).where(parent_orders.c.ended_at.is_(None))

        def found(conn: Connection) -> list[Any]:
            return [*conn.scalars(unrouted), *map(tuple, conn.execute(unended))]

        return list(self.core.store.read_now(found))

    def close(self) -> None:
        for one in self.processes:
            if one.process.poll() is None:
                with suppress(ProcessLookupError):
                    one.revive()
                one.process.kill()
        for one in self.processes:
            one.gone()
        self.core.close()

    def _core(self) -> Core:
        folder = DataFolder(self.folder / "test")
        given = {name: value for name, value in self.environment.items() if name.startswith("TRADEWIRE_")}
        settings = load_settings(folder.settings_file, given)
        return open_core(folder, settings, SystemClock(), engine=False, outside=True)


class QuickFleet(Fleet):
    """Whose processes are forked."""

    kind = Quick


@contextmanager
def fleet(
    folder: Path,
    database_url: str,
    dramatiq_url: str,
    kind: type[Fleet] = QuickFleet,
    **settings: str,
) -> Iterator[Fleet]:
    """Everything that is started ends with the block."""
    made = kind(folder, database_url, dramatiq_url, **settings)
    try:
        yield made
    finally:
        made.close()


def until(condition: Callable[[], bool], story: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, story()
        pause.wait(0.02)
