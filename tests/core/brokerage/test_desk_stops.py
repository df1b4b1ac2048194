"""The desk stops, whatever runs on its loop does with being cancelled."""

import asyncio

import pytest

from tradewire.brokerage import desk as desks
from tradewire.brokerage.desk import BrokerDesk
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.runtime.clock import SystemClock


@pytest.mark.parametrize("deaf_to", [1, 3, 100])
def test_what_is_deaf_to_its_cancellation_does_not_hold_it_up(
    monkeypatch: pytest.MonkeyPatch, deaf_to: int
) -> None:
    monkeypatch.setattr(desks, "CANCEL_S", 0.01)
    heard = []

    async def deaf() -> None:
        while len(heard) < deaf_to:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard.append(1)

    clock = SystemClock()
    desk = BrokerDesk(clock, MarketMemory(clock), lambda account_id: None)
    desk.start()
    desk.loop_task(deaf())
    desk.stop()
    assert len(heard) == min(deaf_to, desks.CANCELS)
