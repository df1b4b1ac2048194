"""`tradewire` as a process of its own that is forked, and so has nothing left to import.

What a start takes otherwise, 1.5 s of a processor, would be most of what the tests with many processes take.
`tests/core/cli/test_up.py`, the demo's and the examples' tests start Tradewire as a user does.
"""

import atexit
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from faults.nursery import Nursery


class Forked:
    """As much of a `subprocess.Popen` as the tests use; stdout and stderr are files in `folder`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.stdout = Said(folder / "out.txt", lambda: self.poll() is not None)
        self.pid = _nursery().begin(arguments, environment, folder)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return _nursery().ended(self.pid) if _nursery().has_ended(self.pid) else None

    def wait(self, timeout: float) -> int:
        """Raises `subprocess.TimeoutExpired` where it runs longer than that."""
        deadline, pause = time.monotonic() + timeout, threading.Event()
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("tradewire", timeout)
            pause.wait(0.01)
        return code

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Said:
    """The stdout of a process whose first line is waited for."""

    def __init__(self, file: Path, has_ended: Callable[[], bool]) -> None:
        self._file = file
        self._has_ended = has_ended

    def readline(self) -> str:
        """Empty where it ended and had said nothing."""
        pause = threading.Event()
        while not (said := self._file.read_text()).endswith("\n"):
            if self._has_ended():
                said = self._file.read_text()
                break
            pause.wait(0.01)
        return said.partition("\n")[0]

    def close(self) -> None:
        """Nothing is open between two looks."""


@cache
def _nursery() -> Nursery:
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery
