"""Writes an exchange's sessions as JSON: `python -m tradewire.calendars.compile XNYS 2026-01-01 2027-12-31`.

Run as a process of its own, since exchange_calendars brings pandas along (50 MB) and the server has no use
for it afterwards. A fourth argument such as `0,1` names the processor cores to run on, where those are not to
be the caller's. Exit code 2, with a sentence on stderr, for a name or a range that is not known.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches

import msgspec

from tradewire.domain.session import SessionCalendar, TradingSession


class UnknownCalendar(Exception):
    """No such calendar, or nothing in it for the dates; the text is a sentence for the user."""


def compile_sessions(name: str, first: date, last: date) -> SessionCalendar:
    """All sessions from `first` to `last`, both included, as far as the exchange's holidays are known.

    A lunch break does not end a session. Raises `UnknownCalendar`.
    """
    import exchange_calendars
    from exchange_calendars.errors import CalendarError

    names = exchange_calendars.get_calendar_names()
    if name not in names:
        close = get_close_matches(name.upper(), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "one is called XNYS (New York)."
        raise UnknownCalendar(f"There is no exchange calendar named {name!r}; {hint}")
    try:
        known = _known_until(name, last)
        schedule = exchange_calendars.get_calendar(name, start=first, end=known).schedule
    except (CalendarError, ValueError) as error:
        raise UnknownCalendar(
            f"The calendar {name} has no sessions from {first} to {last}: {error}"
        ) from error
    sessions = tuple(
        TradingSession(open=row.open.to_pydatetime(), close=row.close.to_pydatetime())
        for row in schedule[["open", "close"]].itertuples()
    )
    return SessionCalendar(
        name=name, sessions=sessions, first=_midnight(first), last=_midnight(known + timedelta(days=1))
    )


def run_on(cores: str) -> None:
    """Let this thread, and what it starts, run on `cores`, such as "0,1"; empty leaves it where it is.

    Cores that the system does not grant (any more) change nothing: it only takes longer then.
    """
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError, ValueError):
            os.sched_setaffinity(0, map(int, cores.split(",")))


def _known_until(name: str, last: date) -> date:
    """`last`, or the day up to which the exchange's holidays are known where that is earlier."""
    import exchange_calendars

    bound = type(exchange_calendars.get_calendar(name)).bound_max()
    return min(last, bound.date()) if bound is not None else last


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=UTC)


def main(arguments: Sequence[str]) -> int:
    try:
        name, first, last = arguments[0], date.fromisoformat(arguments[1]), date.fromisoformat(arguments[2])
    except (IndexError, ValueError) as error:
        sys.stderr.write(f"Usage: python -m tradewire.calendars.compile NAME FIRST LAST [CORES] ({error}).\n")
        return 2
    run_on(arguments[3] if len(arguments) > 3 else "")
    try:
        calendar = compile_sessions(name, first, last)
    except UnknownCalendar as unknown:
        sys.stderr.write(f"{unknown}\n")
        return 2
    sys.stdout.write(msgspec.json.encode(calendar).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
