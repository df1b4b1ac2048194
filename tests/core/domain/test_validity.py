from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import SessionCalendar, TradingSession, Validity, ValidityKind
from tradewire.domain.validity import next_midnight, valid_until

DAY = Validity(kind=ValidityKind.DAY)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


#: New York around Thanksgiving 2026: Wednesday, a half day on Friday, Monday.
THANKSGIVING = SessionCalendar(
    name="XNYS",
    sessions=(
        TradingSession(open=utc(2026, 11, 25, 14, 30), close=utc(2026, 11, 25, 21)),
        TradingSession(open=utc(2026, 11, 27, 14, 30), close=utc(2026, 11, 27, 18)),
        TradingSession(open=utc(2026, 11, 30, 14, 30), close=utc(2026, 11, 30, 21)),
    ),
    first=utc(2026, 11, 24),
    last=utc(2026, 12, 1),
)


@pytest.mark.parametrize(
    ("started", "end"),
    [
        (utc(2026, 11, 25, 15), utc(2026, 11, 25, 21)),
        (utc(2026, 11, 25, 21), utc(2026, 11, 27, 18)),
        (utc(2026, 11, 26, 15), utc(2026, 11, 27, 18)),
        (utc(2026, 11, 27, 17, 59), utc(2026, 11, 27, 18)),
        (utc(2026, 11, 28, 3), utc(2026, 11, 30, 21)),
    ],
    ids=["in session", "at the close", "holiday", "half day", "weekend"],
)
def test_a_day_ends_at_the_first_close_after_the_start(started, end):
    assert valid_until(DAY, started, THANKSGIVING) == end


@pytest.mark.parametrize("started", [utc(2026, 11, 23, 15), utc(2026, 11, 30, 21), utc(2026, 12, 5)])
def test_outside_the_calendar_the_end_is_not_known_rather_than_never(started):
    with pytest.raises(ValueError, match="knows no close"):
        valid_until(DAY, started, THANKSGIVING)


def test_without_start_or_calendar_the_end_is_not_known():
    with pytest.raises(ValueError, match="never started"):
        valid_until(DAY, None, THANKSGIVING)
    with pytest.raises(ValueError, match="calendar"):
        valid_until(DAY, utc(2026, 11, 25, 15), None)


@pytest.mark.parametrize(
    ("started", "zone", "end"),
    [
        (utc(2026, 3, 7, 12), "America/New_York", utc(2026, 3, 8, 5)),
        (utc(2026, 3, 8, 12), "America/New_York", utc(2026, 3, 9, 4)),
        (utc(2026, 11, 1, 12), "America/New_York", utc(2026, 11, 2, 5)),
        (utc(2026, 11, 1, 4, 30), "America/New_York", utc(2026, 11, 2, 5)),
        # Santiago skips from 24:00 to 01:00: the new day begins at the instant of the skip.
        (utc(2026, 9, 5, 12), "America/Santiago", utc(2026, 9, 6, 4)),
        (utc(2026, 3, 2, 0), "UTC", utc(2026, 3, 3, 0)),
    ],
    ids=[
        "before spring",
        "spring forward",
        "autumn back",
        "just after midnight",
        "no midnight",
        "at midnight",
    ],
)
def test_around_the_clock_a_day_ends_at_midnight_in_its_zone_through_daylight_saving(started, zone, end):
    validity = Validity(kind=ValidityKind.DAY, calendar="24/7", timezone=zone)
    assert valid_until(validity, started, SessionCalendar(name="24/7")) == end


@given(
    moment=st.integers(0, 15 * 365 * 86_400).map(lambda passed: utc(2020, 1, 1) + timedelta(seconds=passed)),
    zone=st.sampled_from(
        [
            "America/New_York",
            "Europe/London",
            "America/Santiago",
            "Africa/Cairo",
            "Australia/Lord_Howe",
            "UTC",
        ]
    ),
)
def test_midnight_is_the_first_instant_of_the_next_local_day(moment, zone):
    midnight = next_midnight(moment, zone)
    local = ZoneInfo(zone)
    tomorrow = moment.astimezone(local).date() + timedelta(days=1)
    assert moment < midnight <= moment + timedelta(hours=25)
    assert midnight.astimezone(local).date() == tomorrow
    assert (midnight - timedelta(microseconds=1)).astimezone(local).date() < tomorrow


def test_gtc_never_ends_and_a_window_ends_at_its_end():
    assert valid_until(Validity(kind=ValidityKind.GTC), None, None) is None
    window = Validity(kind=ValidityKind.WINDOW, end=utc(2026, 5, 1))
    assert valid_until(window, None, None) == utc(2026, 5, 1)
    assert valid_until(Validity(kind=ValidityKind.WINDOW), None, None) is None


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_zone_is_named(zone):
    with pytest.raises(ValueError, match="no time zone named"):
        next_midnight(utc(2026, 3, 2), zone)
