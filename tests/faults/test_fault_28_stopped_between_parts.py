"""Fault 28: SIGTERM while an order is worked in parts: it stops soon, and the next part goes out later."""

import os
import signal
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import plain_http
from integration.relay import PATIENCE_S
from integration.up import Up
from plugins.brokers.paper.process import VenueProcess
from sending import sent, signal_of
from tradewire_paper.wire import Books

#: A supervisor's patience: systemd and Docker give 90 and 10 seconds.
STOPS_WITHIN_S = 10.0
PARTS = 4
#: Long enough to be stopped in, on a machine that does other things as well.
PAUSE_S = 3
EXAMPLE = Path(__file__).parents[2] / "examples" / "scale_in"
ALGORITHM = """
name = "slowly"
account = "venue"
symbol = "AAPL"
side = "buy"
quantity = 10
[signal]
id = "slowly"
[validity]
kind = "gtc"
[guardians.max_position]
quantity = 100
[guardians.max_order_notional]
notional = 1000000
[blueprint]
name = "scale_in"
parts = {parts}
pause_s = {pause_s}
"""


@pytest.fixture
def scale_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is installed, as far as a process that starts now can see."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    about = tmp_path / "site" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    [(name, module)] = project["entry-points"]["tradewire"].items()
    (about / "entry_points.txt").write_text(f"[tradewire]\n{name} = {module}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(about.parent), str(EXAMPLE / "src")]))


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "1000000")
    yield process
    process.stop()


@pytest.fixture
def up(tmp_path: Path, scale_in: None, venue: VenueProcess) -> Iterator[Up]:
    made = Up(tmp_path / "data", forked=False)
    account = {"name": "venue", "broker": "paper", "config": {"url": venue.url}}
    try:
        made.call("POST", "/accounts", json=account)
        made.call("POST", "/algorithms", json={"toml": ALGORITHM.format(parts=PARTS, pause_s=PAUSE_S)})
        made.call("POST", "/algorithms/slowly/start")
        yield made
    finally:
        if made.process.poll() is None:
            made.kill()


def until(condition: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.05)


def orders_at(venue: VenueProcess) -> list[Any]:
    books = msgspec.json.decode(plain_http.get(f"{venue.url}/book").content, type=Books)
    return [order for account in books.accounts for order in account.orders]


@pytest.mark.parametrize("after", [1, 3])
def test_stopped_between_two_parts_it_goes_on_with_the_next(up: Up, venue: VenueProcess, after: int) -> None:
    body = {"apiKey": up.key, "strategyId": "slowly", "symbol": "AAPL", "action": "buy"}
    signal_of(sent(lambda: plain_http.post(f"{up.url}/api/tradingview/webhook", json=body)))
    until(lambda: len(orders_at(venue)) == after)

    begun = time.monotonic()
    os.kill(up.process.pid, signal.SIGTERM)
    assert up.gone() == 0
    assert time.monotonic() - begun < STOPS_WITHIN_S
    assert len(orders_at(venue)) == after, "the parts that are left are not hurried out"

    up.start()
    until(lambda: [one["state"] for one in up.every("/orders")] == ["filled"])
    orders = orders_at(venue)
    assert [str(one.request.quantity) for one in orders] == ["2", "3", "2", "3"]
    assert len({one.request.client_id for one in orders}) == PARTS
    assert {str(one.filled) for one in orders} <= {"2", "3"}
    assert up.call("POST", "/audit/verify", json={})["ok"]
