"""A real RabbitMQ, where the machine has one: a node of its own, beside whatever runs already."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from servers.keeper import keeper
from servers.machine import PATIENCE_S, Server, answers, free_port

#: Where Debian keeps the script that its wrapper, which insists on a user of its own, calls.
_DEBIAN = Path("/usr/lib/rabbitmq/lib")


class RabbitMq(Server):
    """Its queues are on its disk, and outlive kill -9 as far as RabbitMQ itself promises."""

    def __init__(self) -> None:
        super().__init__("rabbitmq")
        self._server = find_rabbitmq()
        if self._server is None:
            raise RuntimeError("There is no rabbitmq-server on this machine.")
        self._node = f"tradewire{self.port}@localhost"
        self._distribution = free_port()
        self._epmd_port = free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\nvm_memory_high_watermark.absolute = 256MB\n"
            "disk_free_limit.absolute = 1MB\n"
        )
        (self.folder / "enabled_plugins").write_text("[].\n")

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [str(self._server)]

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def start(self) -> None:
        if self._epmd is None:
            # Erlang's name server; a node that finds none starts one that would outlive the tests.
            self._epmd = subprocess.Popen(
                ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            keeper.runs(self.folder / "epmd", self._epmd.pid)
            self.wait_until(lambda: answers(self._epmd_port))
        super().start()

    def is_ready(self) -> bool:
        return answers(self.port)

    def remove(self) -> None:
        super().remove()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(timeout=PATIENCE_S)
            keeper.removed(self.folder / "epmd")


def skip_without_rabbitmq() -> None:
    """A contributor's machine need not have it; the gate installs it, and there a test without it fails."""
    if find_rabbitmq() is None and not os.environ.get("CI"):
        pytest.skip("RabbitMQ is not installed here; in CI it is (apt-get install rabbitmq-server).")


def find_rabbitmq() -> Path | None:
    """The script that runs a node in the foreground; None where RabbitMQ is not installed."""
    for found in sorted(_DEBIAN.glob("rabbitmq_server-*/sbin/rabbitmq-server"), reverse=True):
        return found
    found = shutil.which("rabbitmq-server")
    return None if found is None else Path(found)
