"""Trading sessions for the venue process, which has no Tradewire to ask."""

import asyncio
import warnings
from datetime import UTC, datetime, timedelta

from tradewire import Clock, SessionCalendar, TradingSession

_BACK = timedelta(days=7)
_AHEAD = timedelta(days=30)


class Calendars:
    """Sessions from a week ago to a month ahead, compiled in a thread when first asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, SessionCalendar] = {}

    async def get(self, name: str) -> SessionCalendar:
        now = self._clock.now()
        known = self._known.get(name)
        if known is None or not known.covers(now + _BACK):
            known = self._known[name] = await asyncio.to_thread(_compile, name, now - _BACK, now + _AHEAD)
        return known


def _compile(name: str, first: datetime, last: datetime) -> SessionCalendar:
    if name == "24/7":
        return SessionCalendar(name=name)
    # Brings pandas along, so only a venue that keeps exchange hours pays for it.
    import exchange_calendars

    with warnings.catch_warnings():
        # Its deprecated calls into pandas are for its authors to see.
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = exchange_calendars.get_calendar(name, start=first.date(), end=last.date()).schedule
    sessions = tuple(
        TradingSession(
            open=row.open.to_pydatetime().astimezone(UTC), close=row.close.to_pydatetime().astimezone(UTC)
        )
        for row in schedule.itertuples()
    )
    return SessionCalendar(name=name, sessions=sessions, first=first, last=last)
