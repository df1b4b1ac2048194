"""`tradewire signal send` asks for all that a message can, and finds whoever takes messages on the folder."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.cli.conftest import Cli
from tradewire.cli.serving import announcing
from tradewire.runtime.folder import DataFolder


class _Door(BaseHTTPRequestHandler):
    taken: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        content = b'{"status":"accepted","id":"019c0000-0001-7000"}'
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nothing: the test's own output is what counts."""


@pytest.fixture
def taken(folder: DataFolder) -> Iterator[list[dict[str, Any]]]:
    """What a `tradewire serve` on the folder was sent."""
    _Door.taken = []
    server = HTTPServer(("127.0.0.1", 0), _Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with announcing(folder) as note:
        note.announce(f"http://127.0.0.1:{server.server_port}")
        yield _Door.taken
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "key"
    file.write_text("tw_live_secret\n")
    return str(file)


def test_a_serve_on_the_folder_is_sent_to(cli: Cli, taken: list[dict[str, Any]], key: str) -> None:
    assert cli("signal", "send", "--symbol", "AAPL", "--key-file", key).code == 0
    assert [one["symbol"] for one in taken] == ["AAPL"]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (("--action", "add", "--qty", "5"), {"action": "add", "qty": "5"}),
        (("--action", "reverse"), {"action": "reverse"}),
        (("--action", "target", "--qty", "-5"), {"action": "target", "qty": "-5"}),
        (
            ("--action", "sell", "--qty", "5", "--position", "short"),
            {"action": "sell", "qty": "5", "position": "short"},
        ),
        (("--position", "-7"), {"position": "-7"}),
    ],
)
def test_every_action_and_the_position_that_is_wanted_can_be_sent(
    cli: Cli, taken: list[dict[str, Any]], key: str, asked: tuple[str, ...], sent: dict[str, str]
) -> None:
    result = cli("signal", "send", *asked, "--key-file", key)
    assert (result.code, result.err) == (0, "")
    [message] = taken
    assert {name: message[name] for name in message.keys() & {"action", "qty", "position"}} == sent
