"""A clock that stands still until it is told to move."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

from tradewire.domain.clock import as_utc

DEFAULT_START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


class FakeClock:
    """A `Clock` for tests. `start` is aware; `monotonic()` starts at 0 and follows `advance`, never `set`."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = as_utc(start)
        self._monotonic = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass; wakes in order whoever slept until then. Backwards raises `ValueError`."""
        if seconds < 0:
            raise ValueError("time does not go backwards; use set() for a clock that was corrected")
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            _, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)

    def set(self, moment: datetime) -> None:
        """Put the wall clock to `moment`, forwards or backwards, as an administrator does: nobody wakes."""
        self._now = as_utc(moment)

    async def sleep(self, seconds: float) -> None:
        """Return once `advance` has passed `seconds`; at once, after a turn of the loop, for 0 or less."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), sleeper))
        await sleeper
