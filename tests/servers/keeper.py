"""Ends the servers of a test run that was itself killed, and deletes their data.

A process of its own that hears what was started and ended over a pipe, and acts when the pipe ends too early.
"""

import subprocess
import sys
from pathlib import Path

_KEEPING = """
import shutil, sys
import psutil

servers = {}
for line in sys.stdin:
    folder, pid = line.rstrip("\\n").split("\\t")
    if pid == "removed":
        servers.pop(folder, None)
    else:
        servers[folder] = int(pid)
for folder, pid in servers.items():
    try:
        server = psutil.Process(pid or -1)
        family = [server, *server.children(recursive=True)]
    except (psutil.NoSuchProcess, ValueError):
        family = []
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
    psutil.wait_procs(family, timeout=1)
    shutil.rmtree(folder, ignore_errors=True)
"""


class Keeper:
    """One for all servers of this process, as long as there are any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._kept: set[Path] = set()

    def runs(self, folder: Path, pid: int) -> None:
        """A server whose data is in `folder` runs as `pid`; 0: it does not run now."""
        self._kept.add(folder)
        self._tell(folder, str(pid))

    def removed(self, folder: Path) -> None:
        """Nothing is left of it."""
        self._kept.discard(folder)
        self._tell(folder, "removed")
        if self._process is not None and not self._kept:
            self._process.communicate()
            self._process = None

    def _tell(self, folder: Path, what: str) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _KEEPING], stdin=subprocess.PIPE, text=True, start_new_session=True
            )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}\t{what}\n")
        self._process.stdin.flush()


keeper = Keeper()
