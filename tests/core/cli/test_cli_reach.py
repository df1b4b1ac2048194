"""How the command line finds a Tradewire, and its exit codes where it does not."""

import errno
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.cli.conftest import Cli
from tradewire.cli.main import main
from tradewire.runtime.folder import DataFolder, Instance


class Running(HTTPServer):
    """Stands in for a running Tradewire: remembers what it was asked."""

    asked: list[tuple[str, str | None, bytes]]
    answer: tuple[int, dict[str, object]] = (200, {})


class Handler(BaseHTTPRequestHandler):
    server: Running

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.path, self.headers.get("authorization"), body))
        status, answer = self.server.answer
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def running(folder: DataFolder) -> Iterator[Running]:
    """It holds the folder's lock and has announced itself."""
    server = Running(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with folder.lock():
        folder.announce(
            Instance(
                pid=1,
                url=f"http://127.0.0.1:{server.server_port}",
                token="the-local-token",
                started_at=datetime(2026, 3, 2, tzinfo=UTC),
            )
        )
        yield server
        folder.withdraw()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_running_tradewire_is_asked_with_its_local_token(cli: Cli, running: Running) -> None:
    running.answer = (200, {"items": [], "quarantined": {}})
    assert cli("plugins", "--json").code == 0
    assert running.asked == [("/api/v1/plugins", "Bearer the-local-token", b"")]


def test_no_proxy_of_the_environment_reads_the_local_token(
    cli: Cli, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    running.answer = (200, {"items": [], "quarantined": {}})
    assert cli("plugins", "--json").code == 0
    assert [token for _, token, _ in running.asked] == ["Bearer the-local-token"]


def test_no_proxy_of_the_environment_reads_the_key(
    cli: Cli, running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("tw_live_secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    running.answer = (200, {"status": "accepted", "id": "019c0000-0001-7000"})
    assert cli("signal", "send", "--key-file", str(key)).code == 0


def test_its_refusal_is_passed_on(cli: Cli, running: Running) -> None:
    running.answer = (409, {"error": "It is halted already.", "code": "conflict"})
    refused = cli("halt", "--reason", "x")
    assert (refused.code, refused.err) == (1, "It is halted already.\n")


def test_a_signal_is_posted_as_an_alert_would(cli: Cli, running: Running, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("tw_live_secret\n")
    running.answer = (200, {"status": "accepted", "id": "019c0000-0001-7000"})
    sent = cli(
        "signal",
        "send",
        "--symbol",
        "AAPL",
        "--action",
        "buy",
        "--qty",
        "5",
        "--test",
        "--key-file",
        str(key),
    )
    assert sent.code == 0
    assert "tradewire signal show 019c0000-0001" in sent.out
    ((path, token, body),) = running.asked
    message = json.loads(body)
    assert (path, token) == ("/api/tradingview/webhook", None)
    assert message.pop("time")
    assert message == {
        "apiKey": "tw_live_secret",
        "strategyId": "my_strategy_1",
        "symbol": "AAPL",
        "action": "buy",
        "qty": "5",
        "test": True,
    }


def test_a_refused_signal_is_exit_1_with_the_reason(cli: Cli, running: Running, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("x")
    running.answer = (401, {"status": "unauthorized", "message": "Invalid API Key: it has 1 character."})
    refused = cli("signal", "send", "--key-file", str(key))
    assert (refused.code, refused.err) == (1, "Invalid API Key: it has 1 character.\n")


def test_a_folder_without_a_tradewire_is_exit_3_and_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    assert main(["status", "--data", str(empty)]) == 3
    assert "tradewire up" in capsys.readouterr().err
    assert not empty.exists()


def test_sending_without_a_running_tradewire_is_exit_3(cli: Cli) -> None:
    assert cli("signal", "send").code == 3


def test_an_address_that_does_not_answer_is_exit_3(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIRE_TOKEN", "tw_api_x")
    refused = cli("status", "--url", "http://127.0.0.1:1")
    assert refused.code == 3
    assert "does not answer" in refused.err


def test_the_password_in_an_address_elsewhere_is_not_repeated(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIRE_TOKEN", "tw_api_x")
    refused = cli("status", "--url", "http://me:hunter2@127.0.0.1:1")
    assert (refused.code, "hunter2" in refused.err) == (3, False)


def test_a_tradewire_elsewhere_needs_a_token_in_the_environment(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIRE_TOKEN", raising=False)
    assert cli("status", "--url", "http://127.0.0.1:1").code == 2


@pytest.mark.parametrize("words", [["nonsense"], ["orders", "--foo"], ["signals", "--limit", "x"]])
def test_what_is_not_understood_is_exit_2_and_one_line(words: list[str], cli: Cli) -> None:
    refused = cli(*words)
    assert (refused.code, refused.out) == (2, "")
    assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["halt"], "--reason is missing. `tradewire halt --help` lists what it takes."),
        (["halt", "--reason"], "--reason needs a value. `tradewire halt --help` lists what it takes."),
        (["token", "new"], "NAME is missing. `tradewire token new --help` lists what it takes."),
    ],
)
def test_what_is_missing_is_named_with_where_to_look(words: list[str], sentence: str, cli: Cli) -> None:
    refused = cli(*words)
    assert (refused.code, refused.err.strip()) == (2, sentence)


def test_a_file_that_cannot_be_used_is_named_in_words(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/srv/trading/lock")

    monkeypatch.setattr("tradewire.cli.in_process.open_core", fail)
    assert cli("status").err == "The file /srv/trading/lock cannot be used: Read-only file system.\n"


def test_help_shows_no_default_of_what_is_off_or_empty(cli: Cli) -> None:
    shown = cli("account", "add", "--help").out
    assert "[default: paper]" in shown
    assert not any(nothing in shown for nothing in ("False", "None", "()", "[default: ]"))


def test_an_unexpected_failure_is_a_sentence_without_secrets(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("password=hunter2 in a place")

    monkeypatch.setattr("tradewire.cli.in_process.open_core", fail)
    failed = cli("status")
    assert failed.code == 1
    assert "Traceback" not in failed.err
    assert "hunter2" not in failed.err
