"""An older backup is put back while the venue has gone on: no order is replayed (fault 29)."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import plain_http
from integration.relay import ALGORITHM, PATIENCE_S
from integration.up import Up
from integration.venue_truth import until
from plugins.brokers.paper.process import VenueProcess
from sending import sent, signal_of
from tradewire_paper.wire import AccountBook, Books

pytestmark = pytest.mark.timeout(180)
ACCOUNT = "venue"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "100000000")
    yield process
    process.stop()


def tradewire(*arguments: str) -> str:
    """One command, as a user types it."""
    done = subprocess.run(
        [sys.executable, "-m", "tradewire", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Owner:
    """Trades on the venue with one algorithm, `s`."""

    def __init__(self, folder: Path, venue: VenueProcess) -> None:
        self.up = Up(folder)
        self._venue = venue
        self.up.call(
            "POST",
            "/accounts",
            json={"name": ACCOUNT, "broker": "paper", "config": {"url": venue.url}},
        )
        toml = ALGORITHM.format(
            name="s",
            account=ACCOUNT,
            symbol="AAPL",
            quantity=1,
            signal="s",
            shorts="true",
            max_position="quantity = 1000000",
        )
        self.up.call("POST", "/algorithms", json={"toml": toml})
        self.up.call("POST", "/algorithms/s/start")

    def book(self) -> AccountBook:
        books = msgspec.json.decode(plain_http.get(f"{self._venue.url}/book").content, type=Books)
        return next(one for one in books.accounts if one.account == ACCOUNT)

    def ids(self) -> set[str]:
        """The client ids of every order that ever came to the venue."""
        return {order.request.client_id for order in self.book().orders}

    def send(self, **fields: Any) -> str:
        body = {"apiKey": self.up.key, "strategyId": "s", "symbol": "AAPL", "action": "buy", **fields}
        return signal_of(sent(lambda: plain_http.post(f"{self.up.url}/api/tradingview/webhook", json=body)))

    def order_of(self, signal: str) -> dict[str, Any] | None:
        return next((one for one in self.up.every("/orders") if one["signal_id"] == signal), None)

    def until_state(self, signal: str, *states: str) -> dict[str, Any]:
        """Wait until the signal's order is in one of these states."""
        self.until(lambda: (self.order_of(signal) or {}).get("state") in states)
        order = self.order_of(signal)
        assert order is not None
        return order

    def buy(self, quantity: int) -> str:
        signal = self.send(qty=quantity)
        self.until_state(signal, "filled")
        return signal

    def leave_open(self, quantity: int) -> str:
        """A limit order far below the market."""
        signal = self.send(qty=quantity, orderType="limit", limitPrice=1)
        self.until(
            lambda: any(
                child["state"] == "acknowledged"
                for child in (self.order_of(signal) or {}).get("children", ())
            )
        )
        return signal

    def held(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.up.call("GET", "/restoration")
        return found

    def until_compared(self) -> None:
        self.until(lambda: all(one["compared"] for one in (self.held() or {"accounts": ()})["accounts"]))

    def until(self, condition: Callable[[], bool]) -> None:
        until(condition, lambda: str(self.up.every("/orders"))[:4000])

    def switch(self) -> dict[str, Any]:
        [one] = [
            one
            for one in self.up.call("GET", "/switches")
            if one["scope"] == "account" and one["name"] == ACCOUNT
        ]
        return dict(one)


@pytest.fixture
def owner(tmp_path: Path, venue: VenueProcess) -> Iterator[Owner]:
    made = Owner(tmp_path / "data", venue)
    yield made
    if made.up.process.poll() is None:
        made.up.kill()


def by_command(owner: Owner, meanwhile: Callable[[], None]) -> None:
    """`tradewire backup` of the running one, `tradewire restore` of the stopped one."""
    file = owner.up.folder.parent / "backup.zip"
    tradewire("backup", str(file), "--data", str(owner.up.folder))
    meanwhile()
    assert owner.up.stop() == 0
    tradewire("restore", str(file), "--data", str(owner.up.folder), "--yes")
    owner.up.start()


def by_hand(owner: Owner, meanwhile: Callable[[], None]) -> None:
    """The database's file copied away and back, without a word to Tradewire."""
    database = owner.up.folder / "tradewire.db"
    assert owner.up.stop() == 0
    shutil.copy(database, database.with_name("copy"))
    owner.up.start()
    meanwhile()
    assert owner.up.stop() == 0
    os.replace(database.with_name("copy"), database)
    owner.up.start()


def by_hand_after_a_kill(owner: Owner, meanwhile: Callable[[], None]) -> None:
    """The same, where the newer life had no time to say goodbye."""
    database = owner.up.folder / "tradewire.db"
    assert owner.up.stop() == 0
    shutil.copy(database, database.with_name("copy"))
    owner.up.start()
    meanwhile()
    checkpoint = owner.up.folder / "checkpoint.json"
    sealed = checkpoint.read_text()
    deadline = time.monotonic() + PATIENCE_S
    owner.until(lambda: checkpoint.read_text() != sealed or time.monotonic() > deadline)
    owner.up.kill()
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    os.replace(database.with_name("copy"), database)
    owner.up.start()


@pytest.mark.parametrize("put_back", [by_command, by_hand, by_hand_after_a_kill])
def test_an_older_database_replays_no_order_and_trades_again_once_it_is_confirmed(
    owner: Owner, put_back: Callable[[Owner, Callable[[], None]], None]
) -> None:
    owner.buy(10)
    known_open = owner.leave_open(3)

    def meanwhile() -> None:
        owner.buy(5)
        owner.leave_open(4)

    put_back(owner, meanwhile)
    there = owner.ids()
    assert len(there) == 4

    owner.until_compared()
    held = owner.held()
    assert held is not None
    assert ACCOUNT in [one["name"] for one in held["accounts"]]
    assert (owner.switch()["state"], owner.switch()["by"]) == ("halted", "restore")
    assert owner.until_state(known_open, "paused")["reason"] == "restored"
    blocked = owner.until_state(owner.send(qty=2), "blocked")
    assert blocked["reason"] == "halted"
    assert owner.ids() == there

    unattributed = [
        one["quantity"]
        for one in owner.up.call("GET", "/positions", params={"by": "algorithm"})["items"]
        if one["account"] == ACCOUNT and one["algorithm"] != "s"
    ]
    assert unattributed == ["5"]

    confirmed = owner.up.call("POST", "/restoration/confirm", json={"reason": "compared with the venue"})
    assert ACCOUNT in confirmed["released"]
    assert owner.until_state(known_open, "cancelled")["reason"] == "cancelled"
    assert owner.ids() == there

    owner.buy(1)
    assert len(owner.ids() - there) == 1
    assert owner.held() is None
    verified = owner.up.call("POST", "/audit/verify", json={})
    assert verified["ok"], verified["problems"]
    assert owner.up.stop() == 0


def test_after_the_confirmation_the_next_start_holds_nothing_back(owner: Owner) -> None:
    owner.buy(1)

    def meanwhile() -> None:
        owner.buy(2)

    by_hand(owner, meanwhile)
    owner.until_compared()
    owner.up.call("POST", "/restoration/confirm", json={"reason": "compared with the venue"})
    assert owner.up.stop() == 0
    owner.up.start()
    assert owner.held() is None
    owner.buy(3)
    assert owner.up.stop() == 0
