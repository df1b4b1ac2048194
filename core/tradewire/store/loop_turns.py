"""What an event loop hands to the writer goes there together.

Woken for the first of many, the writer would want the line and Python's lock while the loop needs both for
every further one, and would store few at a time: that took a fifth of the time of accepting.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tradewire.store.database import StoreUnavailable
from tradewire.store.waiting import Batch, Line, WaitingItem

#: The longest that an item waits for others that were announced, in seconds.
HOLD_S = 0.005


class LoopTurns:
    """Stands before a line; called on event loops, of which each has one of its own."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._turns: dict[asyncio.AbstractEventLoop, _Turn] = {}

    def add(self, batch: Batch, item: Any) -> "asyncio.Future[Any]":
        """What `batch` answers to `item`; `StoreUnavailable` where the line is closed or full."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._turn(loop).add(batch, WaitingItem(item, future))
        return future

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """While it runs, an item is on its way, and those that wait may wait for it."""
        turn = self._turn(asyncio.get_running_loop())
        turn.expected += 1
        try:
            yield
        finally:
            turn.expected -= 1
            turn.look()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> "_Turn":
        turn = self._turns.get(loop)
        if turn is None:
            for closed in [one for one in list(self._turns) if one.is_closed()]:
                del self._turns[closed]
            turn = self._turns[loop] = _Turn(loop, self._line)
        return turn


class _Turn:
    def __init__(self, loop: asyncio.AbstractEventLoop, line: Line) -> None:
        self.expected = 0
        self._loop = loop
        self._line = line
        self._waiting: list[tuple[Batch, WaitingItem]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_going = False

    def add(self, batch: Batch, item: WaitingItem) -> None:
        self._waiting.append((batch, item))
        if self._timer is None:
            self._timer = self._loop.call_later(HOLD_S, self._go)
        self.look()

    def look(self) -> None:
        """Go in the loop's next turn, with all that comes in this one, unless more is expected."""
        if self._waiting and not self.expected and not self._is_going:
            self._is_going = True
            self._loop.call_soon(self._go)

    def _go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._is_going = None, False
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        refused, why = self._line.add_items(waiting)
        for item in refused:
            if not item.future.done():
                item.future.set_exception(StoreUnavailable(why))
