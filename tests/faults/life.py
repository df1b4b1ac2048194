"""One life of a Tradewire process after another on the same data folder, ended in whatever way."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

import plain_http
from faults.nursery import Nursery
from plugins.brokers.paper.process import VenueProcess
from sending import sent, signal_of
from tradewire.crashpoints import LOG_VARIABLE, VARIABLE

#: Generous, since it only bounds a test that has failed already.
PATIENCE_S = 60.0

#: Short waits, so that what is lost is missed soon.
QUICK = {
    "TRADEWIRE_ENGINE__SUBMIT_TIMEOUT_S": "1",
    "TRADEWIRE_ENGINE__LOOKUP_BASE_S": "0.05",
    "TRADEWIRE_ENGINE__LOOKUP_MAX_S": "0.5",
    "TRADEWIRE_ENGINE__SWEEP_S": "0.2",
}

ALGORITHM = """
name = "{name}"
account = "venue"
symbol = "AAPL"
side = "buy"
quantity = 1
blueprint = "market"
allow_shorts = true
[signal]
id = "{name}"
[dynamic]
symbol = true
action = true
quantity = true
order = true
[validity]
kind = "gtc"
[guardians.max_position]
quantity = 1000000
[guardians.max_order_notional]
notional = 100000000
"""


def until(condition: Callable[[], Any], story: Callable[[], object] = str) -> None:
    """Wait for a condition; `story` says what stands in the way where it never comes."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, story()
        pause.wait(0.01)


class Relay:
    """`tradewire up` on `folder`; `hits` is the file to which crash points are written."""

    def __init__(self, nursery: Nursery, folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.hits = folder / "hits.txt"
        self.key = ""
        self.url = ""
        self.pid = 0
        self._nursery = nursery
        self._environment = {**os.environ, **QUICK, LOG_VARIABLE: str(self.hits), **environment}
        self._api: httpx.Client | None = None

    def start(self, crash: str | None = None) -> bool:
        """Begin a life, with a crash point switched on; whether it came so far as to take webhooks."""
        environment = {**self._environment, **({VARIABLE: crash} if crash else {})}
        arguments = ["up", "--json", "--port", "0", "--data", str(self.data)]
        self.pid = self._nursery.begin(arguments, environment, self.folder)
        out = self.folder / "out.txt"
        until(lambda: out.read_text().endswith("\n") or not self.is_alive(), self.said)
        if not out.read_text().endswith("\n"):
            return False
        self.key = json.loads(out.read_text()).get("key") or self.key
        try:
            instance = json.loads((self.data / "instance.json").read_text())
        except FileNotFoundError:
            return False
        self.url = instance["url"]
        self._api = plain_http.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {instance['token']}"},
            timeout=30,
        )
        return True

    def is_alive(self) -> bool:
        return self.pid != 0 and not self._nursery.has_ended(self.pid)

    def kill(self) -> None:
        """As a power cut does it: no time for anything."""
        os.kill(self.pid, signal.SIGKILL)
        assert self.ended() == -signal.SIGKILL

    def end(self) -> None:
        """Whatever it does: it is gone afterwards."""
        if self.is_alive():
            self.kill()
        else:
            self.ended()

    def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end of this life; its exit code, negative for a signal."""
        until(lambda: not self.is_alive(), self._stacks)
        if self._api is not None:
            self._api.close()
        return self._nursery.ended(self.pid)

    def _stacks(self) -> str:
        """Where the threads of a life are that does not end."""
        os.kill(self.pid, signal.SIGUSR1)
        threading.Event().wait(0.5)
        return self.said()

    def said(self) -> str:
        """The end of its log."""
        return (self.folder / "err.txt").read_text()[-9000:]

    def hit(self) -> list[str]:
        """The crash points that were hit so far, in order."""
        return [line.split()[0] for line in self.hits.read_text().splitlines()] if self.hits.exists() else []

    def call(self, method: str, path: str, **options: Any) -> Any:
        answer = self.asked(method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def asked(self, method: str, path: str, **options: Any) -> httpx.Response:
        assert self._api is not None
        return self._api.request(method, path, **options)

    def every(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self.call("GET", path, params={"limit": 200, **({"after": after} if after else {})})
            items += page["items"]
            after = page.get("next")
            if after is None:
                return items

    def post(self, strategy: str, **fields: Any) -> httpx.Response:
        body = json.dumps({"apiKey": self.key, "strategyId": strategy, **fields})
        return plain_http.post(f"{self.url}/api/tradingview/webhook", content=body, timeout=30)

    def accepted(self, strategy: str, **fields: Any) -> str:
        """Post what is taken, at once or when it is sent again; the id of its signal."""
        return signal_of(sent(lambda: self.post(strategy, **fields)))

    def try_to_post(self, strategy: str, **fields: Any) -> None:
        """The same, where the life may end before it has answered."""
        with suppress(httpx.TransportError):
            self.post(strategy, **fields)

    def command(self, *words: str) -> str:
        """Run another `tradewire` command on the same folder; what it printed."""
        pid = self._nursery.begin([*words, "--data", str(self.data)], self._environment, self.folder)
        code = self._nursery.ended(pid)
        assert code == 0, self.said()
        return (self.folder / "out.txt").read_text()

    def add_account(self, venue_url: str, name: str = "venue", **config: str) -> None:
        account = {"name": name, "broker": "paper", "config": {"url": venue_url, "timeout_s": "1", **config}}
        self.call("POST", "/accounts", json=account)

    def add_algorithm(self, name: str) -> None:
        """One on the account "venue" that does as its messages say, on any symbol."""
        self.call("POST", "/algorithms", json={"toml": ALGORITHM.format(name=name)})
        self.call("POST", f"/algorithms/{name}/start")

    def live(self) -> dict[str, int]:
        """How much is under way, by what; empty once everything has come to its end."""
        status = self.call("GET", "/status")
        counts = {name: status[name] for name in ("signals_waiting", "orders_live", "orders_unknown")}
        return {name: count for name, count in counts.items() if count}

    def settled(self) -> None:
        """Wait until nothing is under way."""
        until(lambda: not self.live(), lambda: f"{self.live()}\n" + "\n".join(self._unended()))

    def _unended(self) -> list[str]:
        orders = [order for order in self.every("/orders") if order["ended_at"] is None]
        told = ("signal_id", "purpose", "symbol", "side", "quantity", "filled", "state", "detail", "children")
        return ["; ".join(f"{name}: {order[name]}" for name in told) for order in orders[:3]]

    def export(self) -> list[str]:
        """The exported ledger's lines."""
        answer = self.asked("GET", "/audit/export")
        assert answer.status_code == 200, answer.text
        return answer.text.splitlines(keepends=True)


def set_up(relay: Relay, venue: VenueProcess) -> None:
    """Begin with the account "venue" there, and the algorithms "entries" and "resting"."""
    assert relay.start(), relay.said()
    relay.add_account(venue.url)
    relay.add_algorithm("entries")
    relay.add_algorithm("resting")
