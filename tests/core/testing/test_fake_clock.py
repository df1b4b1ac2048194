"""The fake clock moves when told, and wakes sleepers in order."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tradewire.domain.clock import Clock
from tradewire.runtime.clock import SystemClock
from tradewire.testing import FakeClock

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def test_it_stands_still_until_it_is_advanced() -> None:
    clock: Clock = FakeClock(START)
    assert (clock.now(), clock.monotonic()) == (START, 0.0)


def test_advancing_moves_both_times() -> None:
    clock = FakeClock(START)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=2.5), 2.5)


def test_setting_moves_the_wall_clock_alone() -> None:
    clock = FakeClock(START)
    clock.set(START - timedelta(hours=1))
    assert (clock.now(), clock.monotonic()) == (START - timedelta(hours=1), 0.0)


def test_time_does_not_go_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock(START).advance(-1)


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, woken = FakeClock(START), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async def scene() -> list[float]:
        tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2, 10)]
        await asyncio.sleep(0)
        clock.advance(5)
        await asyncio.gather(*tasks[:3])
        seen = list(woken)
        tasks[3].cancel()
        clock.advance(60)
        return seen

    assert asyncio.run(scene()) == [1, 2, 3]


def test_the_systems_clock_is_aware_and_runs_forward() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
