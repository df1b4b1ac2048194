"""A clock that was set back: what was due at once by the time of before must not wait for that time again."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, select, update

from tradewire.domain.clock import Clock
from tradewire.state import versions
from tradewire.store.schema import parent_orders

log = structlog.get_logger()

#: What the machine's own slewing of its clock may come to between two looks.
_SLACK = timedelta(seconds=1)
#: So many looks in a row tell of one step.
LOOKS = 3


class ClockSteps:
    """Compares the time of day with what the machine counts, from one look to the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = (clock.now(), clock.monotonic())
        self._looks = 0

    def was_set_back(self) -> bool:
        """Whether the time of day has gone back, since the last look or shortly before.

        What was begun before and is stored after the first look still tells the time of before.
        """
        if self._went_back():
            self._looks = LOOKS
        self._looks = max(self._looks - 1, -1)
        return self._looks >= 0

    def _went_back(self) -> bool:
        now, counted = self._clock.now(), self._clock.monotonic()
        before, counted_before = self._last
        self._last = (now, counted)
        step = (now - before) - timedelta(seconds=counted - counted_before)
        if step >= -_SLACK:
            return False
        log.warning("The machine's clock was set back.", seconds=-step.total_seconds())
        return True


def wake_all(conn: Connection, now: datetime) -> frozenset[str]:
    """Have every order looked at that waits for a later time; returns their accounts.

    One that waits on purpose is told to wait again.
    """
    later = parent_orders.c.ended_at.is_(None) & (parent_orders.c.wake_at > now)
    accounts = frozenset(conn.execute(select(parent_orders.c.account_id).where(later)).scalars())
    versions.lock_several(conn, accounts)
    conn.execute(update(parent_orders).where(later).values(wake_at=now))
    for account_id in accounts:
        versions.bump(conn, account_id)
    return accounts
