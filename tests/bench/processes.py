"""What stands around the relay that is measured: the sender, the venue, the yardstick."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from bench.asking import Done, Job
from bench.load import LONGEST_S
from bench.process import Process


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

    def arrivals(self) -> dict[int, list[float]]:
        """When orders arrived, by the venue's own clock in seconds since 1970, by their quantity."""
        book = httpx.get(f"{self.url}/book", timeout=60).json()
        found: dict[int, list[float]] = {}
        for one in book["accounts"]:
            for order in one["orders"]:
                at = datetime.fromisoformat(order["accepted_at"]).timestamp()
                found.setdefault(int(float(order["request"]["quantity"])), []).append(at)
        return found

    def events(self, account: str) -> str:
        """Where it tells what happens on an account."""
        return f"{self.url.replace('http', 'ws', 1)}/events?{urlencode({'account': account})}"


def job_to(url: str, path: str, kind: str, bodies: list[str], **fields: Any) -> Job:
    at = urlsplit(url)
    return Job(kind, at.hostname or "", at.port or 80, path, bodies, **fields)
