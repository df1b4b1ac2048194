"""Trading sessions of an exchange, as compiled rows."""

from datetime import datetime, timedelta

from tradewire.domain.base import Struct

#: Outside the session brokers trade this long before its open and after its close at the longest (04:00 to
#: 20:00 in New York); at other hours there is nothing to send an order to.
EXTENDED_BEFORE = timedelta(hours=5, minutes=30)
EXTENDED_AFTER = timedelta(hours=4)


class TradingSession(Struct):
    """One session from `open` to `close`, both UTC; a half day simply closes earlier."""

    open: datetime
    close: datetime


class SessionCalendar(Struct):
    """Sessions in ascending order, known from `first` to `last`; outside that range nothing is known.

    A "24/7" calendar has no sessions and is always open.
    """

    name: str
    sessions: tuple[TradingSession, ...] = ()
    first: datetime | None = None
    last: datetime | None = None

    @property
    def always_open(self) -> bool:
        return self.name == "24/7"

    def covers(self, moment: datetime) -> bool:
        """Whether the calendar knows anything about `moment`."""
        if self.always_open:
            return True
        return self.first is not None and self.last is not None and self.first <= moment < self.last

    def is_open(self, moment: datetime) -> bool:
        return self.always_open or any(session.open <= moment < session.close for session in self.sessions)

    def next_close(self, moment: datetime) -> datetime | None:
        """The close of the session under way, or of the next one; None where the calendar does not reach."""
        return next((session.close for session in self.sessions if session.close > moment), None)

    def next_open(self, moment: datetime) -> datetime | None:
        """The first open after `moment`; None where the calendar does not reach."""
        return next((session.open for session in self.sessions if session.open > moment), None)

    def is_extended(self, moment: datetime) -> bool:
        """Whether `moment` lies in the hours around a session in which brokers may still trade."""
        return any(
            session.open - EXTENDED_BEFORE <= moment < session.close + EXTENDED_AFTER
            for session in self.sessions
        )
