"""A selector that lets what has timed out act before what has arrived, after the process stood still.

An event loop handles arrivals before timers. A process that was frozen in the middle of a transmission would
so go on with it when it is revived, although its time-out, and with it the account's lease, is long over.
"""

import selectors
import time
from collections.abc import Callable

#: Seconds longer than asked for after which the process counts as having stood still.
STANDSTILL_S = 1.0


class TimeOutsFirst(selectors.DefaultSelector):
    """Reports nothing the first time it is asked after a standstill; what has arrived is reported next."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._returned_at = monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        arrived = super().select(timeout)
        since, self._returned_at = self._returned_at, self._monotonic()
        return [] if self._returned_at - since > (timeout or 0.0) + STANDSTILL_S else arrived
