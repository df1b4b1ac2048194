"""The relay that is measured: `tradewire up`, or whatever else takes webhooks and trades at the venue."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import Connection

from bench.asking import Job
from bench.process import Process, cpu_s
from bench.processes import Venue, job_to
from bench.stored import Ended, Waiting, ended, waiting
from tradewire.store.sqlite_engine import reading_engine

T = TypeVar("T")

PATIENCE_S = 60.0
#: No order of the bench may be refused for want of it.
CASH = 10**15

ALGORITHM = """
name = "{name}"
account = "{account}"
symbol = "{name}"
side = "buy"
quantity = 1
blueprint = "market"
allow_shorts = true
[signal]
id = "{name}"
[dynamic]
quantity = true
[validity]
kind = "gtc"
[guardians.max_position]
quantity = 1000000000
[guardians.max_order_notional]
notional = 1000000000000
"""


class Unsettled(Exception):
    """What was accepted did not come to its end in time; the text is a sentence."""


class Relay(ABC):
    """`accounts` are those at the venue, which share the algorithms; an algorithm is called as its symbol."""

    url: str
    key: str
    accounts: tuple[str, ...]

    @abstractmethod
    def trade(self, venue: Venue, symbols: Sequence[str]) -> None:
        """Add the accounts at `venue`, and an algorithm for each of `symbols`, started."""

    @abstractmethod
    def read(self, work: Callable[[Connection], T]) -> T:
        """Ask its store."""

    @abstractmethod
    def export(self) -> list[str]:
        """The exported ledger's lines."""

    @abstractmethod
    def parts(self) -> dict[str, int]:
        """Its processes' ids, by what they are."""

    @abstractmethod
    def stop(self) -> None:
        """End every process of it."""

    def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until all that was accepted has ended; raises `Unsettled`."""
        deadline = time.monotonic() + patience_s
        while not (left := self.waiting()).none:
            if time.monotonic() > deadline:
                text = (
                    f"{left.signals} signals and {left.orders} orders did not end within {patience_s:.0f} s."
                )
                raise Unsettled(text)
            time.sleep(0.05)

    def waiting(self) -> Waiting:
        return self.read(waiting)

    def ended(self, since: float) -> Ended:
        """Of the orders of signals accepted since then, in seconds since 1970."""
        return self.read(lambda conn: ended(conn, datetime.fromtimestamp(since, UTC)))

    def cpu_s(self) -> dict[str, float]:
        """Processor time used so far by each of its parts, in seconds."""
        return {name: cpu_s(pid) for name, pid in self.parts().items()}

    def job(self, kind: str, bodies: list[str], **fields: Any) -> Job:
        return job_to(self.url, "/api/tradingview/webhook", kind, bodies, **fields)


class Embedded(Relay):
    """`tradewire up` on a folder. A later life is given the `key` of the first, which alone is told it."""

    accounts = ("venue",)

    def __init__(self, folder: Path, log: Path, key: str = "") -> None:
        self._process = Process(log, "tradewire", "up", "--json", "--port", "0", "--data", str(folder))
        self.ready_s = self._process.ready_s
        self.key = json.loads(self._process.line).get("key") or key
        instance = json.loads((folder / "instance.json").read_text())
        self.url = instance["url"]
        self._reading = reading_engine(f"sqlite:///{folder / 'tradewire.db'}")
        self._api = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {instance['token']}"},
            timeout=60,
        )

    def trade(self, venue: Venue, symbols: Sequence[str]) -> None:
        [account] = self.accounts
        config = {"url": venue.url, "starting_cash": str(CASH)}
        self._call("/accounts", {"name": account, "broker": "paper", "config": config})
        for symbol in symbols:
            self._call("/algorithms", {"toml": ALGORITHM.format(name=symbol, account=account)})
            self._call(f"/algorithms/{symbol}/start")

    def read(self, work: Callable[[Connection], T]) -> T:
        with self._reading.connect() as conn:
            return work(conn)

    def export(self) -> list[str]:
        answer = self._api.get("/audit/export")
        answer.raise_for_status()
        return answer.text.splitlines(keepends=True)

    def parts(self) -> dict[str, int]:
        return {"relay": self._process.process.pid}

    def stop(self) -> None:
        self._reading.dispose()
        self._api.close()
        self._process.stop()

    def _call(self, path: str, body: Any = None) -> None:
        answer = self._api.post(path, **({} if body is None else {"json": body}))
        if answer.status_code >= 300:
            raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text}")
