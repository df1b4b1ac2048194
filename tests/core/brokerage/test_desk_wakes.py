"""The desk rings at the earliest time that it was told of an account, and keeps one timer for each."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

import pytest

from tradewire.brokerage.desk import BrokerDesk
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.testing.clock import FakeClock

HOUR = timedelta(hours=1)


class Desk:
    """`timers` are all that were ever set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.rings: SimpleQueue[str] = SimpleQueue()
        self.desk = BrokerDesk(self.clock, MarketMemory(self.clock), self.rings.put)
        self.timers: list[asyncio.TimerHandle] = []
        call_at = self.desk._loop.call_at

        def noted(when: float, call: Any, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
            self.timers.append(call_at(when, call, *arguments, **options))
            return self.timers[-1]

        monkeypatch.setattr(self.desk._loop, "call_at", noted)

    def wake(self, account_id: str, after: timedelta) -> None:
        self.desk.wake(account_id, self.clock.now() + after)

    def armed(self) -> int:
        """How many timers are set, once all that was told has been heard."""
        self.desk.wait_for(asyncio.sleep(0))
        return sum(not one.cancelled() for one in self.timers)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk(monkeypatch)
    desk.desk.start()
    yield desk
    desk.desk.stop()


def test_however_many_times_are_told_one_timer_is_set_for_each_account(desk: Desk) -> None:
    for number in range(50):
        desk.wake("a", HOUR + timedelta(seconds=number % 7))
        desk.wake("b", HOUR - timedelta(seconds=number))
    assert desk.armed() == 2


def test_the_earliest_rings_though_a_later_one_was_told_before(desk: Desk) -> None:
    desk.wake("a", HOUR)
    desk.wake("a", timedelta(0))
    assert desk.rings.get(timeout=30) == "a"
    assert desk.rings.empty()


def test_after_a_ring_the_next_time_is_heard(desk: Desk) -> None:
    for _ in range(2):
        desk.wake("a", -HOUR)
        assert desk.rings.get(timeout=30) == "a"


def test_an_account_that_is_closed_rings_no_more(desk: Desk) -> None:
    desk.wake("a", HOUR)
    desk.desk.wait_for(desk.desk.close("a", 0))
    assert desk.armed() == 0
