import subprocess
import sys
from datetime import UTC, date, datetime

import msgspec
import pytest

from tradewire import SessionCalendar


@pytest.fixture(scope="module")
def compiled():
    """What `python -m tradewire.calendars.compile` answers; pandas stays out of the test's own process."""

    def run(*arguments):
        command = [sys.executable, "-m", "tradewire.calendars.compile", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture(scope="module")
def november(compiled):
    done = compiled("XNYS", "2026-10-30", "2026-11-30")
    assert (done.returncode, done.stderr) == (0, "")
    return msgspec.json.decode(done.stdout, type=SessionCalendar)


def closes(calendar, day):
    return [session.close for session in calendar.sessions if session.close.date() == day]


def test_sessions_follow_daylight_saving(november):
    assert closes(november, date(2026, 10, 30)) == [datetime(2026, 10, 30, 20, tzinfo=UTC)]
    assert closes(november, date(2026, 11, 2)) == [datetime(2026, 11, 2, 21, tzinfo=UTC)]


def test_holidays_have_no_session_and_half_days_close_early(november):
    assert closes(november, date(2026, 11, 26)) == []
    assert closes(november, date(2026, 11, 27)) == [datetime(2026, 11, 27, 18, tzinfo=UTC)]


def test_weekends_have_no_session(november):
    assert closes(november, date(2026, 11, 14)) == closes(november, date(2026, 11, 15)) == []


def test_the_range_is_said_to_the_day(november):
    assert november.name == "XNYS"
    assert november.first == datetime(2026, 10, 30, tzinfo=UTC)
    assert november.last == datetime(2026, 12, 1, tzinfo=UTC)


def test_where_holidays_are_not_published_yet_the_range_ends_earlier(compiled):
    calendar = msgspec.json.decode(compiled("XKRX", "2050-12-01", "2051-06-30").stdout, type=SessionCalendar)
    assert calendar.last == datetime(2051, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("XNSY", "2026-01-01", "2026-12-31"), "did you mean XNYS"),
        (("qqqqqq", "2026-01-01", "2026-12-31"), "no exchange calendar named 'qqqqqq'"),
        (("XNYS", "2026-01-01"), "Usage"),
        (("XNYS", "yesterday", "today"), "Usage"),
        (("XNYS", "2026-12-31", "2026-01-01"), "no sessions from 2026-12-31 to 2026-01-01"),
    ],
)
def test_what_is_not_known_is_a_sentence_and_exit_code_2(compiled, arguments, says):
    done = compiled(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
