"""The machine's own clock: the only place that asks it."""

import time
from datetime import UTC, datetime


class SystemClock:
    """See `tradewire.domain.clock.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
