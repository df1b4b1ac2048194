"""A kill switch that was set is set in every later life: nothing but a person releases it."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

import plain_http
from integration.relay import ALGORITHM, PATIENCE_S
from integration.up import Up


class Owner:
    """One Tradewire, which begins with an account "paper", and an algorithm on it."""

    def __init__(self, folder: Path) -> None:
        self._sent = 0
        self.up = Up(folder)
        toml = ALGORITHM.format(
            name="a",
            account="paper",
            symbol="AAPL",
            quantity=1,
            signal="s",
            shorts="true",
            max_position="quantity = 1000000",
        )
        self.up.call("POST", "/algorithms", json={"toml": toml})
        self.up.call("POST", "/algorithms/a/start")

    def buy(self) -> dict[str, Any]:
        """An order, once it has come to its end."""
        body = {"apiKey": self.up.key, "strategyId": "s", "symbol": "AAPL", "action": "buy", "qty": 1}
        self._sent += 1
        answer = plain_http.post(
            f"{self.up.url}/api/tradingview/webhook", json=body | {"id": str(self._sent)}, timeout=30
        )
        signal = answer.json()["id"]
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while True:
            for order in self.up.every("/orders"):
                if order["signal_id"] == signal and order["ended_at"] is not None:
                    return order
            assert time.monotonic() < deadline, "The order does not end."
            pause.wait(0.05)


@pytest.mark.parametrize(
    ("scope", "target"),
    [("global", ""), ("account", "paper"), ("algorithm", "a")],
    ids=lambda one: one or "all",
)
def test_what_was_halted_is_halted_after_a_stop_and_after_a_kill(
    tmp_path: Path, scope: str, target: str
) -> None:
    owner = Owner(tmp_path / "data")
    switch = {"scope": scope, "target": target, "reason": "looking first"}
    owner.up.call("POST", "/halt", json=switch)
    try:
        for end in (owner.up.stop, owner.up.kill):
            end()
            owner.up.start()
            order = owner.buy()
            assert (order["state"], order["reason"], order["children"]) == ("blocked", "halted", [])
        owner.up.call("POST", "/resume", json=switch | {"reason": "looked"})
        owner.up.kill()
        owner.up.start()
        assert owner.buy()["state"] == "filled"
    finally:
        owner.up.stop()
