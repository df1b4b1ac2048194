"""A program that the bench starts: how long it took, and what it uses."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

TESTS = Path(__file__).parents[1]


class Process:
    """A program that prints one line once it is ready; `line` is that line, `ready_s` how long it took."""

    def __init__(self, log: Path, *command: str, wait: bool = True) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")},
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        }
        began = time.perf_counter()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        self.line = ""
        if wait:
            assert self.process.stdout is not None
            self.line = self.process.stdout.readline().decode().strip()
            if not self.line:
                raise RuntimeError(f"{command[0]} did not start; see {log}: {log.read_text()[-2000:]}")
        self.ready_s = time.perf_counter() - began

    @property
    def cpu_s(self) -> float:
        return cpu_s(self.process.pid)

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def rss_mb(pid: int) -> float:
    """What a process holds of memory, in MB of 1,000,000 bytes."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def cpu_s(pid: int) -> float:
    """Processor time used so far by a process and its children, also those that have ended, in seconds."""
    process = psutil.Process(pid)
    used = process.cpu_times()
    total = float(used.user + used.system + used.children_user + used.children_system)
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            own = child.cpu_times()
            total += own.user + own.system
    return total
