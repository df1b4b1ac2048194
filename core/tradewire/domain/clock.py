"""Time as a dependency: everything that needs to know the time is given a `Clock`."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """`now()` is an aware UTC time; `monotonic()` is seconds that never go backwards."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive time raises `ValueError`, since guessing its zone would be a lie."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is ambiguous")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, e.g. `2026-03-02T14:30:00.125Z`."""
    return as_utc(moment).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
