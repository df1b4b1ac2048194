"""`tradewire up` as a process of its own, which a test may kill at any moment."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import plain_http
from integration.forked import Forked


class Up:
    """One life after another on the same data folder."""

    def __init__(self, folder: Path, *, forked: bool = True) -> None:
        """Not `forked`: as its user starts it, with whatever else Python finds in the environment."""
        self.folder = folder
        self._forked = forked
        self.key = ""
        self.url = ""
        self.process: Forked | subprocess.Popen[str]
        self.start()

    def start(self) -> None:
        arguments = ["up", "--json", "--port", "0", "--data", str(self.folder)]
        place = self.folder.parent / "up"
        if self._forked:
            self.process = Forked(arguments, os.environ, place)
        else:
            place.mkdir(exist_ok=True)
            with (place / "err.txt").open("a") as log:
                command = [sys.executable, "-m", "tradewire", *arguments]
                self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log()[-4000:]
        said = json.loads(line)
        self.key = said.get("key") or self.key
        instance = json.loads((self.folder / "instance.json").read_text())
        self.url = instance["url"]
        self.api = plain_http.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {instance['token']}"},
            timeout=30,
        )

    def kill(self) -> None:
        """As a power cut does it: no time for anything."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.gone()

    def stop(self) -> int:
        os.kill(self.process.pid, signal.SIGTERM)
        return self.gone()

    def call(self, method: str, path: str, **options: Any) -> Any:
        answer = self.api.request(method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def every(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self.call("GET", path, params={"limit": 200, **({"after": after} if after else {})})
            items += page["items"]
            after = page.get("next")
            if after is None:
                return items

    def log(self) -> str:
        """What all its lives have said."""
        return (self.folder.parent / "up" / "err.txt").read_text()

    def gone(self) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.api.close()
        return code
