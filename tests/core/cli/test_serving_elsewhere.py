"""Commands find a `tradewire serve` on their folder by its note, and wait for one that is starting."""

import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.cli.conftest import Cli
from tradewire.cli.main import main
from tradewire.cli.serving import Serving, announcing, serving_on
from tradewire.runtime.folder import DataFolder, Instance
from tradewire.server.embedded import ListeningAt


@pytest.fixture
def listening() -> Iterator[str]:
    """The address of somebody who takes connections."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_new_key_is_told_with_the_port_of_the_serve_that_listens(
    cli: Cli, folder: DataFolder, listening: str
) -> None:
    with announcing(folder) as note:
        note.announce(listening)
        told = cli("key", "new", "one").err
    assert f"{listening}/api/tradingview/webhook" in told
    assert "Nothing listens" not in told


def test_where_nothing_listens_the_port_is_that_of_the_settings_and_is_said_to_be(cli: Cli) -> None:
    told = cli("key", "new", "one").err
    assert "http://127.0.0.1:8080/api/tradingview/webhook" in told
    assert "Nothing listens on this folder now: the port is that of the settings." in told


def test_the_note_is_gone_with_the_process_and_its_owners_alone(folder: DataFolder, listening: str) -> None:
    with announcing(folder) as note:
        note.announce(listening)
        assert serving_on(folder) == listening
        [file] = folder.path.glob("serve-*.url")
        assert file.stat().st_mode & 0o077 == 0
    assert serving_on(folder) is None
    assert list(folder.path.glob("serve-*.url")) == []


def test_a_note_that_a_killed_process_left_is_not_believed_and_cleared_by_the_next(
    folder: DataFolder, listening: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        left = folder.path / "serve-1.url"
        left.write_text(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert serving_on(folder) is None
        Serving(folder).announce(listening)
        assert (left.exists(), serving_on(folder)) == (False, listening)


def test_serve_leaves_the_note_once_it_listens(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], listening: str
) -> None:
    seen: list[str | None] = []
    port = int(listening.rpartition(":")[2])

    async def serve(folder: DataFolder, settings: Any, clock: Any, *, on_ready: Any) -> None:
        on_ready(None, ListeningAt(host="127.0.0.1", port=port))
        seen.append(serving_on(folder))

    monkeypatch.setattr("tradewire.runtime.serve.run_serve", serve)
    assert main(["serve"]) == 0
    assert (seen, serving_on(folder)) == ([listening], None)
    assert listening in capsys.readouterr().out


def test_a_command_waits_for_a_tradewire_that_is_starting(
    cli: Cli, folder: DataFolder, listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    posted: list[str] = []
    monkeypatch.setattr(
        "tradewire.cli.send._post",
        lambda url, body, *, trust_env: posted.append(url) or (200, b'{"status":"accepted","id":"x"}'),
    )
    key = tmp_path / "key"
    key.write_text("tw_live_1")
    instance = Instance(pid=1, url=listening, token="t", started_at=datetime(2026, 3, 2, tzinfo=UTC))
    with folder.lock():
        starting = threading.Timer(0.3, folder.announce, (instance,))
        starting.start()
        assert cli("signal", "send", "--key-file", str(key)).code == 0
        starting.join()
        folder.withdraw()
    assert posted == [f"{listening}/api/tradingview/webhook"]


def test_a_folder_that_stays_held_is_told_of_as_starting_or_stopping(
    cli: Cli, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewire.cli.client._PATIENCE_S", 0.0)
    with folder.lock():
        refused = cli("status")
    assert (refused.code, refused.out) == (3, "")
    assert re.fullmatch(
        r"The process \d+ holds .* does not answer yet: a Tradewire that is starting or stopping, or another "
        r"command\. Try again in a moment\.\n",
        refused.err,
    )
