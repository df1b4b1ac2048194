"""Trading calendars for the server: compiled when first needed, kept as files, read without pandas."""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.session import SessionCalendar

ALWAYS_OPEN = SessionCalendar(name="24/7")

BEHIND = timedelta(days=40)
AHEAD = timedelta(days=400)
#: A calendar that ends sooner than this is compiled again, once a day at most: some exchanges publish their
#: holidays for the current year only.
NEARLY_OVER = timedelta(days=30)
RETRY = timedelta(days=1)
COMPILE_TIMEOUT_S = 60


class _Shelved(Struct, kw_only=True):
    """A calendar's file."""

    compiled_at: datetime
    calendar: SessionCalendar


class CalendarShelf:
    """The calendars in `folder`. Both methods may be called from any thread and any event loop."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        #: The server settles on one core later, and what it starts then would be held there as well.
        self._cores = _cores()
        self._shelved: dict[str, _Shelved] = {}
        self._compiling = threading.Lock()

    async def get(self, name: str) -> SessionCalendar:
        """The calendar, from 40 days ago to 400 days ahead where its holidays are known that far.

        Compiles it in a subprocess (about two seconds) where there is none, or where it is nearly over.
        Raises `Unhonoured` for a name that is not known, and where compiling fails with nothing to fall
        back on.
        """
        if name == ALWAYS_OPEN.name:
            return ALWAYS_OPEN
        shelved = self._look_up(name)
        if shelved is not None and self._is_fresh(shelved):
            return shelved.calendar
        return await asyncio.to_thread(self._renewed, name)

    def get_cached(self, name: str) -> SessionCalendar | None:
        """The calendar if it is on the shelf and still reaches beyond now; never compiles."""
        if name == ALWAYS_OPEN.name:
            return ALWAYS_OPEN
        shelved = self._look_up(name)
        return shelved.calendar if shelved is not None else None

    def _look_up(self, name: str) -> _Shelved | None:
        shelved = self._shelved.get(name)
        if shelved is None and (read := self._read(name)) is not None:
            shelved = self._shelved.setdefault(name, read)
        if shelved is None or not shelved.calendar.covers(self._clock.now()):
            return None
        return shelved

    def _is_fresh(self, shelved: _Shelved) -> bool:
        now, last = self._clock.now(), shelved.calendar.last
        reaches = last is not None and last - now >= NEARLY_OVER
        return reaches or now - shelved.compiled_at < RETRY

    def _renewed(self, name: str) -> SessionCalendar:
        with self._compiling:
            shelved = self._look_up(name)
            if shelved is not None and self._is_fresh(shelved):
                return shelved.calendar
            try:
                now = self._clock.now()
                fresh = _Shelved(compiled_at=now, calendar=_compiled(name, now, self._cores))
            except Unhonoured:
                if shelved is None:
                    raise
                return shelved.calendar
            # In memory first: whoever looks while the file is being written finds this one, not a copy.
            self._shelved[name] = fresh
            self._write(name, fresh)
            return fresh.calendar

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"

    def _read(self, name: str) -> _Shelved | None:
        try:
            shelved = msgspec.json.decode(self._path(name).read_bytes(), type=_Shelved)
        except (OSError, msgspec.DecodeError):
            # Absent or damaged: it is only a cache, and is compiled again.
            return None
        return shelved if shelved.calendar.name == name else None

    def _write(self, name: str, shelved: _Shelved) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(shelved))
        Path(written).replace(self._path(name))


def _cores() -> str:
    """The processor cores that this process may use, such as "0,1"; empty where the system does not say."""
    if not hasattr(os, "sched_getaffinity"):
        return ""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def _compiled(name: str, now: datetime, cores: str) -> SessionCalendar:
    first, last = (now - BEHIND).date().isoformat(), (now + AHEAD).date().isoformat()
    command = [sys.executable, "-m", "tradewire.calendars.compile", name, first, last, cores]
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMPILE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unhonoured(f"The trading calendar {name} could not be compiled: {error}.") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unhonoured(lines[-1] if lines else f"The trading calendar {name} could not be compiled.")
    try:
        return msgspec.json.decode(done.stdout, type=SessionCalendar)
    except msgspec.DecodeError as error:
        raise Unhonoured(
            f"The trading calendar {name} was compiled into something unreadable: {error}."
        ) from error
