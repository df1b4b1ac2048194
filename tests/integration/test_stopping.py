"""SIGTERM in the middle of things: it stops soon, in good order, and goes on where it ended (fault 28)."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import plain_http
from integration.relay import ALGORITHM, PATIENCE_S
from integration.up import Up
from plugins.brokers.paper.process import VenueProcess
from sending import sent, signal_of
from tradewire.ledger.checkpoint import from_json
from tradewire_paper.faults import Fault, FaultKind
from tradewire_paper.wire import Books, Script

#: A supervisor's patience: systemd and Docker give 90 and 10 seconds.
STOPS_WITHIN_S = 10.0


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "100000000")
    yield process
    process.stop()


@pytest.fixture
def up(tmp_path: Path, venue: VenueProcess) -> Iterator[Up]:
    made = Up(tmp_path / "data")
    config = {"url": venue.url, "timeout_s": "60"}
    made.call("POST", "/accounts", json={"name": "venue", "broker": "paper", "config": config})
    toml = ALGORITHM.format(
        name="s",
        account="venue",
        symbol="AAPL",
        quantity=1,
        signal="s",
        shorts="true",
        max_position="quantity = 1000000",
    )
    made.call("POST", "/algorithms", json={"toml": toml})
    made.call("POST", "/algorithms/s/start")
    yield made
    if made.process.poll() is None:
        made.kill()


def hang(venue: VenueProcess) -> None:
    """The next order is executed, and its answer does not come."""
    body = msgspec.json.encode(Script(faults=(Fault(kind=FaultKind.ACCEPT_THEN_HANG),)))
    plain_http.post(f"{venue.url}/faults", content=body).raise_for_status()


def post(up: Up, **fields: Any) -> httpx.Response:
    body = {"apiKey": up.key, "strategyId": "s", "symbol": "AAPL", "action": "buy", "qty": 1, **fields}
    return plain_http.post(f"{up.url}/api/tradingview/webhook", json=body, timeout=30)


def until(condition: Any) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def orders_at(venue: VenueProcess) -> list[str]:
    books = msgspec.json.decode(plain_http.get(f"{venue.url}/book").content, type=Books)
    return [order.request.client_id for account in books.accounts for order in account.orders]


def test_a_submission_that_hangs_is_unknown_and_found_after_the_next_start(
    up: Up, venue: VenueProcess
) -> None:
    until(lambda: all(one["state"] != "new" for one in up.every("/orders")))
    hang(venue)
    signal_of(sent(lambda: post(up)))
    until(lambda: len(orders_at(venue)) == 1)
    begun = time.monotonic()
    os.kill(up.process.pid, signal.SIGTERM)
    answers = []

    def refused() -> bool:
        try:
            answers.append(post(up, id=f"late-{len(answers)}").status_code)
        except httpx.TransportError:
            return True
        return answers[-1] == 503

    until(refused)
    code = up.gone()
    assert (code, time.monotonic() - begun < STOPS_WITHIN_S) == (0, True)
    assert 503 in answers

    kept = from_json((up.folder / "checkpoint.json").read_text())
    up.start()
    until(lambda: all(one["state"] == "filled" for one in up.every("/orders")))
    assert len(orders_at(venue)) == len(up.every("/orders"))
    assert up.call("POST", "/audit/verify", json={"checkpoints": [msgspec.to_builtins(kept)]})["ok"]
    assert up.call("GET", "/restoration") is None
    signal_of(sent(lambda: post(up, id="again")))
    until(lambda: all(one["state"] == "filled" for one in up.every("/orders")))
    assert up.stop() == 0


def test_everything_is_sealed_and_given_back_at_the_end(up: Up) -> None:
    signal_of(sent(lambda: post(up)))
    assert up.stop() == 0
    conn = sqlite3.connect(up.folder / "tradewire.db")
    unsealed = conn.execute(
        "SELECT count(*) FROM ledger_entries WHERE seq > (SELECT max(entry_seq) FROM ledger_seals)"
    ).fetchone()
    last = conn.execute("SELECT max(number) FROM ledger_seals").fetchone()
    owners = conn.execute("SELECT owner FROM leases").fetchall()
    conn.close()
    assert unsealed == (0,)
    assert (from_json((up.folder / "checkpoint.json").read_text()).number,) == last
    assert {owner for (owner,) in owners} == {None}
    assert not (up.folder / "instance.json").exists()


def test_a_second_sigterm_ends_it_at_once(up: Up, venue: VenueProcess) -> None:
    hang(venue)
    signal_of(sent(lambda: post(up)))
    until(lambda: len(orders_at(venue)) == 1)
    os.kill(up.process.pid, signal.SIGTERM)
    until(lambda: not (up.folder / "instance.json").exists())
    os.kill(up.process.pid, signal.SIGTERM)
    assert up.gone() == 128 + signal.SIGTERM
    up.start()
    until(lambda: all(one["state"] == "filled" for one in up.every("/orders")))
    assert len(orders_at(venue)) == 1
    assert up.stop() == 0
