"""The venue as a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path


class VenueProcess:
    """The venue as `python -m tradewire_paper` runs it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.port = "0"
        self.start()

    def start(self) -> None:
        port_file = self._folder / "url"
        port_file.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "tradewire_paper",
            "--port",
            self.port,
            "--port-file",
            str(port_file),
        ]
        command += ["--state", str(self._folder / "state"), "--volatility", "0", *self._options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        with self.process.stdout as printed:
            assert printed.readline().strip() == port_file.read_text()
        self.url = port_file.read_text()
        self.port = self.url.rsplit(":", 1)[1]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(60)
