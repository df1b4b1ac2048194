import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tradewire import SessionCalendar, TradingSession, Unhonoured
from tradewire.calendars import load
from tradewire.calendars.load import CalendarShelf
from tradewire.testing.clock import FakeClock

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


class Compiler:
    """Stands in for the subprocess: counts, and answers with what reaches `ahead` from now."""

    def __init__(self):
        self.asked = []
        self.ahead = timedelta(days=400)
        self.fails = False

    def __call__(self, name, now, cores):
        self.asked.append((name, now))
        if self.fails:
            raise Unhonoured("No subprocess today.")
        session = TradingSession(open=now, close=now + timedelta(hours=6))
        first, last = now - timedelta(days=40), now + self.ahead
        return SessionCalendar(name=name, sessions=(session,), first=first, last=last)


@pytest.fixture
def compiler(monkeypatch):
    compiler = Compiler()
    monkeypatch.setattr(load, "_compiled", compiler)
    return compiler


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def shelf(tmp_path, clock):
    return CalendarShelf(tmp_path / "calendars", clock)


def got(shelf, name="XNYS"):
    return asyncio.run(shelf.get(name))


def test_a_calendar_is_compiled_when_first_needed_and_then_kept(shelf, compiler):
    assert shelf.get_cached("XNYS") is None
    calendar = got(shelf)
    assert got(shelf) is calendar
    assert shelf.get_cached("XNYS") is calendar
    assert compiler.asked == [("XNYS", NOW)]


def test_many_who_need_it_at_once_have_it_compiled_once(shelf, compiler):
    async def at_once():
        return await asyncio.gather(*(shelf.get("XNYS") for _ in range(20)))

    assert len(set(map(id, asyncio.run(at_once())))) == 1
    assert len(compiler.asked) == 1


def test_the_next_start_reads_it_from_its_file(shelf, compiler, tmp_path, clock):
    calendar = got(shelf)
    again = CalendarShelf(tmp_path / "calendars", clock)
    assert again.get_cached("XNYS") == calendar
    assert got(again) == calendar
    assert len(compiler.asked) == 1


def test_around_the_clock_needs_neither_file_nor_subprocess(shelf, compiler, tmp_path):
    assert got(shelf, "24/7").always_open
    assert shelf.get_cached("24/7") == SessionCalendar(name="24/7")
    assert (compiler.asked, list(tmp_path.iterdir())) == ([], [])


def test_a_range_that_is_nearly_over_is_compiled_again(shelf, compiler, clock):
    first = got(shelf)
    clock.advance(timedelta(days=370).total_seconds())
    assert got(shelf) is first
    clock.advance(1)
    assert got(shelf).last == clock.now() + timedelta(days=400)
    assert len(compiler.asked) == 2


def test_a_calendar_that_is_known_for_weeks_only_is_tried_again_once_a_day(shelf, compiler, clock):
    compiler.ahead = timedelta(days=20)
    got(shelf)
    clock.advance(3600)
    got(shelf)
    assert len(compiler.asked) == 1
    clock.advance(timedelta(days=1).total_seconds())
    got(shelf)
    assert len(compiler.asked) == 2


def test_what_still_reaches_serves_on_where_compiling_fails(shelf, compiler, clock):
    calendar = got(shelf)
    clock.advance(timedelta(days=390).total_seconds())
    compiler.fails = True
    assert got(shelf) is calendar
    clock.advance(timedelta(days=20).total_seconds())
    assert shelf.get_cached("XNYS") is None
    with pytest.raises(Unhonoured, match="No subprocess today"):
        got(shelf)


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"compiled_at": 5}', b"\xff"])
def test_a_damaged_file_is_compiled_again(shelf, compiler, tmp_path, clock, content):
    got(shelf)
    (tmp_path / "calendars" / "XNYS.json").write_bytes(content)
    again = CalendarShelf(tmp_path / "calendars", clock)
    assert again.get_cached("XNYS") is None
    assert got(again).name == "XNYS"
    assert len(compiler.asked) == 2


def test_a_name_never_leaves_the_folder(shelf, compiler, tmp_path):
    got(shelf, "../24/5")
    assert [file.name for file in (tmp_path / "calendars").iterdir()] == ["..%2F24%2F5.json"]


def test_an_unknown_name_is_refused_with_what_is_close(shelf):
    with pytest.raises(Unhonoured, match="did you mean XNYS"):
        got(shelf, "XNSY")
    assert shelf.get_cached("XNSY") is None


def test_a_name_that_looks_like_an_option_is_only_an_unknown_name(shelf):
    with pytest.raises(Unhonoured, match="no exchange calendar named '--help'"):
        got(shelf, "--help")


def test_it_is_compiled_on_all_cores_also_when_the_server_has_settled_on_one(shelf, monkeypatch):
    """The compiler, but for its sessions, tells on how many cores it was begun and on how many it goes on."""
    program = """
import os, sys
from tradewire.calendars import compile
begun = len(os.sched_getaffinity(0))
def told(*_):
    raise compile.UnknownCalendar(f"{begun} then {len(os.sched_getaffinity(0))}")
compile.compile_sessions = told
sys.exit(compile.main(sys.argv[1:]))
"""
    run, allowed = subprocess.run, os.sched_getaffinity(0)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **how: run([sys.executable, "-c", program, *command[3:]], **how)
    )

    def got_when_settled():
        os.sched_setaffinity(0, {min(allowed)})
        got(shelf)

    with ThreadPoolExecutor(1) as threads, pytest.raises(Unhonoured, match=f"^1 then {len(allowed)}$"):
        threads.submit(got_when_settled).result()


def test_the_server_gets_its_sessions_without_pandas(tmp_path):
    program = f"""
import asyncio, pathlib, sys
from datetime import datetime, UTC
import tradewire, tradewire_session, tradewire_limits, tradewire_market, tradewire_limit
from tradewire.calendars.load import CalendarShelf
from tradewire.testing.clock import FakeClock
shelf = CalendarShelf(pathlib.Path({str(tmp_path)!r}), FakeClock(datetime(2026, 3, 2, 15, tzinfo=UTC)))
calendar = asyncio.run(shelf.get("XNYS"))
assert calendar.is_open(datetime(2026, 3, 2, 15, tzinfo=UTC))
assert not calendar.is_open(datetime(2026, 3, 1, 15, tzinfo=UTC))
assert calendar.next_close(datetime(2026, 3, 2, 15, tzinfo=UTC)) == datetime(2026, 3, 2, 21, tzinfo=UTC)
assert calendar.covers(datetime(2027, 4, 1, tzinfo=UTC))
heavy = {{"pandas", "numpy", "exchange_calendars"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
