"""The processes that are measured, and the sender that measures them."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from bench.load import LONGEST_S, Done, Job

READY_S = 60.0
#: No order of the bench may be refused for want of it.
CASH = 10**15
TESTS = Path(__file__).parents[1]

ALGORITHM = """
name = "{name}"
account = "venue"
symbol = "{symbol}"
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


class Process:
    """A program that prints one line once it is ready; `line` is that line, `ready_s` how long it took."""

    def __init__(self, log: Path, *command: str, wait: bool = True) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        }
        began = time.perf_counter()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        self.line = ""
        if wait:
            assert self.process.stdout is not None
            self.line = self.process.stdout.readline().decode().strip()
            if not self.line:
                raise RuntimeError(f"{command[0]} did not start; see {log}: {log.read_text()[-2000:]}")
        self.ready_s = time.perf_counter() - began

    @property
    def rss_mb(self) -> float:
        """What it holds of memory, in MB of 1,000,000 bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Sender(Process):
    """`python -m bench.load`: does one job after the other."""

    def __init__(self, log: Path) -> None:
        super().__init__(log, "bench.load", wait=False)

    def do(self, job: Job) -> Done:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(job) + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The sender has ended; see its log.")
        return msgspec.json.decode(line, type=Done)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(LONGEST_S)


class Noop(Process):
    """The no-op handler on the same server stack."""

    def __init__(self, log: Path) -> None:
        super().__init__(log, "bench.noop")
        self.url = self.line


class Venue(Process):
    """The paper venue: it answers after `answer_ms`, and fills a little later."""

    def __init__(self, log: Path, answer_ms: int) -> None:
        options = {
            "answer-ms": answer_ms,
            "latency-ms": answer_ms + 5,
            "volatility": 0,
        }
        given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        super().__init__(log, "tradewire_paper", "--memory", *given)
        self.url = self.line

    def arrivals(self, account: str) -> dict[int, list[float]]:
        """When orders arrived, by the venue's own clock in seconds since 1970, by their quantity."""
        book = httpx.get(f"{self.url}/book", timeout=60).json()
        found: dict[int, list[float]] = {}
        for one in book["accounts"]:
            if one["account"] == account:
                for order in one["orders"]:
                    at = _seconds(order["accepted_at"])
                    found.setdefault(int(float(order["request"]["quantity"])), []).append(at)
        return found


class Relay(Process):
    """`tradewire up` on a folder."""

    def __init__(self, folder: Path, log: Path) -> None:
        super().__init__(log, "tradewire", "up", "--json", "--port", "0", "--data", str(folder))
        self.folder = folder
        said = json.loads(self.line)
        self.key = said.get("key") or ""
        instance = json.loads((folder / "instance.json").read_text())
        self.url = instance["url"]
        self._api = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {instance['token']}"},
            timeout=60,
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._api.request(method, path, **({} if body is None else {"json": body}))
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def trade(self, venue: Venue, symbols: list[str]) -> None:
        """An account at `venue` and an algorithm for each of `symbols`, called as the symbol."""
        config = {"url": venue.url, "starting_cash": str(CASH)}
        self.call("POST", "/accounts", {"name": "venue", "broker": "paper", "config": config})
        for symbol in symbols:
            self.call("POST", "/algorithms", {"toml": ALGORITHM.format(name=symbol, symbol=symbol)})
            self.call("POST", f"/algorithms/{symbol}/start")

    def settle(self) -> float:
        """Wait until all that was accepted has ended; returns when that was, by the machine's clock."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            unrouted, live = self._waiting()
            if not unrouted and not live:
                return time.time()
            time.sleep(0.05)
        raise RuntimeError(f"{unrouted} signals and {live} orders did not end within {READY_S:.0f} s.")

    def ended(self, since: float) -> tuple[int, float, float]:
        """Of the orders made since then: how many ended, from the first accepted to the last that ended."""
        with self._reading() as conn:
            count, first, last = conn.execute(
                "SELECT count(*), min(s.accepted_at), max(p.ended_at) FROM parent_orders p "
                "JOIN signals s ON s.id = p.signal_id WHERE s.accepted_at >= ? AND p.state = 'filled'",
                (int(since * 1e6),),
            ).fetchone()
        return count, (first or 0) / 1e6, (last or 0) / 1e6

    def _waiting(self) -> tuple[int, int]:
        with self._reading() as conn:
            one = conn.execute("SELECT count(*) FROM signals WHERE routed_at IS NULL").fetchone()[0]
            other = conn.execute("SELECT count(*) FROM parent_orders WHERE ended_at IS NULL").fetchone()[0]
        return one, other

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        conn = sqlite3.connect(f"file:{self.folder / 'tradewire.db'}?mode=ro", uri=True, timeout=10)
        try:
            yield conn
        finally:
            conn.close()

    def job(self, kind: str, bodies: list[str], **fields: Any) -> Job:
        return job_to(self.url, "/api/tradingview/webhook", kind, bodies, **fields)

    def stop(self) -> None:
        self._api.close()
        super().stop()


def job_to(url: str, path: str, kind: str, bodies: list[str], **fields: Any) -> Job:
    at = urlsplit(url)
    return Job(kind, at.hostname or "", at.port or 80, path, bodies, **fields)


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
