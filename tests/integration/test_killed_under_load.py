"""kill -9 of a loaded Tradewire, with a venue that outlives it: nothing lost, nothing doubled."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

import plain_http
from integration.relay import ALGORITHM, PATIENCE_S
from integration.up import Up
from plugins.brokers.paper.process import VenueProcess
from tradewire_paper.wire import Books

ROUNDS = 5
SENDERS = 4
#: A round is killed once so many of its messages were acknowledged, in the middle of the next ones.
ACKNOWLEDGED_BEFORE_KILL = 25
SYMBOLS = ("AAPL", "MSFT", "TSLA", "SPY", "NVDA")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "100000000")
    yield process
    process.stop()


class Load:
    """Senders that post as fast as they are answered, until the door is gone."""

    def __init__(self, up: Up, round_: int) -> None:
        self._up = up
        self._round = round_
        self.acknowledged: list[str] = []
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def run_until_killed(self) -> None:
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + PATIENCE_S
        pause = threading.Event()
        while len(self.acknowledged) < ACKNOWLEDGED_BEFORE_KILL and time.monotonic() < deadline:
            pause.wait(0.002)
        self._up.kill()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        with plain_http.Client(timeout=10) as client:
            for number in range(100_000):
                message = {
                    "apiKey": self._up.key,
                    "strategyId": "loaded",
                    "id": f"{self._round}-{sender}-{number}",
                    "symbol": SYMBOLS[number % len(SYMBOLS)],
                    "action": "buy",
                    "qty": 1,
                }
                try:
                    answer = client.post(
                        f"{self._up.url}/api/tradingview/webhook", content=msgspec.json.encode(message)
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    self.acknowledged.append(answer.json()["id"])


@pytest.mark.timeout(300)
def test_what_was_acknowledged_ends_and_no_order_is_there_twice(tmp_path: Path, venue: VenueProcess) -> None:
    up = Up(tmp_path / "data")
    prepare(up, venue.url)
    acknowledged: list[str] = []
    for round_ in range(ROUNDS):
        load = Load(up, round_)
        load.run_until_killed()
        assert len(load.acknowledged) >= ACKNOWLEDGED_BEFORE_KILL
        acknowledged += load.acknowledged
        up.start()
        wait_until_ended(up, acknowledged)
    orders = up.every("/orders")
    verified = up.call("POST", "/audit/verify", json={})
    assert up.stop() == 0

    assert verified["ok"], verified["problems"]
    book = msgspec.json.decode(plain_http.get(f"{venue.url}/book").content, type=Books)
    at_venue = Counter(order.request.client_id for account in book.accounts for order in account.orders)
    assert not [client_id for client_id, count in at_venue.items() if count > 1]
    children = {child["client_id"]: child for order in orders for child in order["children"]}
    assert set(at_venue) <= set(children), "the venue has orders that the store knows nothing of"
    filled = {client_id for client_id, child in children.items() if child["state"] == "filled"}
    assert filled <= set(at_venue)
    assert len(filled) > 0
    runs = Counter(order["signal_id"] for order in orders)
    assert {signal: runs[signal] for signal in acknowledged if runs[signal] != 1} == {}


def prepare(up: Up, venue_url: str) -> None:
    account = {"name": "venue", "broker": "paper", "config": {"url": venue_url}}
    up.call("POST", "/accounts", json=account)
    algorithm = ALGORITHM.format(
        name="loaded",
        account="venue",
        symbol="AAPL",
        quantity=1,
        signal="loaded",
        shorts="true",
        max_position="quantity = 1000000",
    )
    up.call("POST", "/algorithms", json={"toml": algorithm})
    up.call("POST", "/algorithms/loaded/start")


def wait_until_ended(up: Up, acknowledged: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while True:
        signals = {signal["id"]: signal for signal in up.every("/signals")}
        assert set(acknowledged) <= set(signals), "an acknowledged signal is not in the log"
        ended = {order["signal_id"] for order in up.every("/orders") if order["ended_at"] is not None}
        waiting = [signals[one] for one in acknowledged if one not in ended]
        if not waiting:
            return
        assert time.monotonic() < deadline, f"{len(waiting)} never ended, such as {waiting[0]}"
        pause.wait(0.2)
