"""Processes that tests start, and that they may kill, freeze and start again on the same port and data."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from servers.keeper import keeper

#: Generous, since it only bounds a server that does not start.
PATIENCE_S = 60.0


class Server(ABC):
    """One life after another of the same server; its data stays until `remove`.

    It lies in `inside`, or where temporary files do.
    """

    def __init__(self, name: str, inside: Path | None = None) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"tradewire-{name}-", dir=inside))
        self.folder.chmod(0o755)
        keeper.runs(self.folder, 0)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What to run; asked at every start."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers."""

    def user(self) -> int | None:
        """Who runs it, where not whoever runs the tests."""
        return None

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user(),
                extra_groups=None if self.user() is None else (),
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
            )
        keeper.runs(self.folder, self.process.pid)
        self.wait_until(self.is_ready)

    def stop(self) -> None:
        """As its supervisor ends it; what it acknowledged is there at the next start."""
        self.send(self.gentle)
        self._gone()

    gentle = signal.SIGTERM

    def kill(self) -> None:
        """kill -9, the server's children included."""
        family = self._family(signal.SIGSTOP)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self._gone()
        # A process of many threads may have ended as such while one of them still listens.
        self.wait_until(lambda: all(map(_has_ended, family)) and not answers(self.port))

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP for the server and its children: connections stay, and nothing answers."""
        self._family(signal.SIGSTOP)

    def revive(self) -> None:
        self._family(signal.SIGCONT)

    def send(self, number: int) -> None:
        os.kill(self._running().pid, number)

    def remove(self) -> None:
        """End it, whatever state it is in, and delete its data."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        keeper.removed(self.folder)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not condition():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start: {self.log()[-2000:]}")
            pause.wait(0.02)

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.process

    def _family(self, number: signal.Signals) -> list[psutil.Process]:
        """The server and its children, signalled; the server first, so that it makes no further ones."""
        server = psutil.Process(self._running().pid)
        server.send_signal(number)
        children = server.children(recursive=True)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.send_signal(number)
        return [server, *children]

    def _gone(self) -> None:
        self._running().wait(timeout=PATIENCE_S)
        self.process = None
        keeper.runs(self.folder, 0)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unprivileged() -> int | None:
    """Another user for servers that refuse to run as root; None where the tests do not run as root."""
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def is_reachable(path: Path, user: int | None) -> bool:
    """Whether that user may enter every folder on the way to `path` and read it."""
    if user is None:
        return True
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (path, *path.parents))
