"""Saying that something was accepted: at once, but not with every message of a burst."""

import asyncio
from collections.abc import Callable

#: So many rings go out at once within one stretch, and those that come after them together at its end.
AT_ONCE = 2
STRETCH_S = 0.05


class Ring:
    """Called once per accepted signal, on the event loop.

    Each ring has the router look at all that waits, and takes the processor from the door; in a burst one
    look for many signals is cheaper. None is lost: where one is held back, one goes out at the stretch's end.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._began = float("-inf")
        self._rung = 0
        self._coming = False

    def __call__(self) -> None:
        """Ring in the loop's next turn, so that all of one commit ring once, or at the stretch's end."""
        if self._coming:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._began >= STRETCH_S:
            self._began, self._rung = now, 0
        self._coming = True
        if self._rung < AT_ONCE:
            loop.call_soon(self._go)
        else:
            loop.call_at(self._began + STRETCH_S, self._go)

    def _go(self) -> None:
        self._coming = False
        self._rung += 1
        self._ring()
