"""When an algorithm's validity ends."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradewire.domain.algorithm import Validity, ValidityKind
from tradewire.domain.clock import as_utc
from tradewire.domain.session import SessionCalendar


def valid_until(
    validity: Validity, started_at: datetime | None, calendar: SessionCalendar | None
) -> datetime | None:
    """The moment (UTC) from which on nothing new is opened; None where there is no end.

    DAY ends at the first close of `calendar` after `started_at`; a "24/7" calendar closes at midnight in the
    validity's timezone (UTC where none is stated). Raises `ValueError` with a sentence where the end of a DAY
    cannot be known, which must never be taken for "no end".
    """
    if validity.kind is ValidityKind.GTC:
        return None
    if validity.kind is ValidityKind.WINDOW:
        return as_utc(validity.end) if validity.end is not None else None
    if started_at is None:
        raise ValueError("The algorithm was never started, so its day has no end.")
    if calendar is None:
        raise ValueError("The trading calendar that ends the algorithm's day is not known.")
    if calendar.always_open:
        return next_midnight(started_at, validity.timezone or "UTC")
    close = calendar.next_close(started_at) if calendar.covers(started_at) else None
    if close is None:
        raise ValueError(
            f"The calendar {calendar.name} knows no close after {as_utc(started_at):%Y-%m-%d %H:%M} UTC."
        )
    return close


def next_midnight(moment: datetime, timezone: str) -> datetime:
    """The first instant (UTC) of the day after `moment` in `timezone`; a midnight that daylight saving skips
    is the instant of the skip, of two midnights it is the first. Raises `ValueError` for an unknown zone."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"There is no time zone named {timezone!r}; one is named 'America/New_York'."
        ) from error
    tomorrow = as_utc(moment).astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), tzinfo=zone).astimezone(UTC)
