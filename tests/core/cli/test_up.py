"""`tradewire up` as everyone runs it: a process, a folder, a line to paste."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import plain_http
from tradewire.runtime.folder import DataFolder

RUN = "from tradewire.cli.main import run; run()"
#: Far more than it needs, for a machine that is busy with other things.
PATIENCE_S = 60.0


class Up:
    """One `tradewire up`; what it says goes to files, so that it never waits for a reader."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = DataFolder(folder)
        self.out, self.err = (folder.parent / f"{name}-{time.monotonic_ns()}" for name in ("out", "err"))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
        with self.out.open("w") as out, self.err.open("w") as err:
            command = [sys.executable, "-c", RUN, "up", "--data", str(folder), "--port", "0", *options]
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, env={**clean, "NO_COLOR": "1", "COLUMNS": "80"}
            )

    def says(self, words: str) -> str:
        """All of stdout, once `words` stand in it."""

        def said() -> str | None:
            text = self.out.read_text()
            assert words in text or self.process.poll() is None, self.err.read_text()
            return text if words in text else None

        return eventually(said)

    def api(self, path: str) -> Any:
        running = self.folder.running()
        assert running is not None
        headers = {"authorization": f"Bearer {running.token}"}
        answer = plain_http.get(f"{running.url}/api/v1{path}", headers=headers, trust_env=False, timeout=30)
        return answer.raise_for_status().json()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def starting(*options: str) -> Up:
        started.append(Up(tmp_path / "data", *options))
        return started[-1]

    yield starting
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def paste(text: str) -> tuple[int, Any]:
    """What a shell would do with the one line that starts with curl."""
    (line,) = re.findall(r"^curl .*$", text, re.MULTILINE)
    words = shlex.split(line)
    url = next(word for word in words if word.startswith("http"))
    name, value = words[words.index("-H") + 1].split(": ")
    answer = plain_http.post(
        url, content=words[words.index("-d") + 1], headers={name: value}, trust_env=False
    )
    return answer.status_code, answer.json()


def ended(up: Up) -> Any:
    """The newest order, once it has ended."""

    def look() -> Any:
        orders = up.api("/orders")["items"]
        return orders[0] if orders and orders[0]["ended_at"] else None

    return eventually(look)


def test_pasting_the_printed_line_gives_a_filled_order(start) -> None:
    up = start()
    status, told = paste(up.says("Ctrl-C stops it."))
    assert (status, told["status"]) == (200, "accepted")
    order = ended(up)
    assert (order["state"], order["symbol"], order["filled"], order["account"]) == (
        "filled",
        "AAPL",
        "10",
        "paper",
    )


def test_a_restart_keeps_everything_and_shows_the_key_no_second_time(start) -> None:
    first = start()
    paste(first.says("Ctrl-C stops it."))
    ended(first)
    assert first.end() == 0
    assert "Tradewire has stopped." in first.out.read_text()
    assert not first.folder.instance_file.exists()

    again = start()
    text = again.says("Ctrl-C stops it.")
    assert "tw_live_" not in text
    assert "tradewire key reveal main" in text
    assert len(again.api("/orders")["items"]) == 1
    assert [one["quantity"] for one in again.api("/positions")["items"]] == ["10"]
    assert [one["name"] for one in again.api("/accounts")] == ["paper"]
    assert len(again.api("/keys")) == 1


def test_after_a_kill_the_same_folder_goes_on(start) -> None:
    first = start("--json")
    told = json.loads(first.says("\n"))
    message = {"apiKey": told["key"], "strategyId": "my_strategy_1", "symbol": "AAPL", "action": "BUY"}
    assert plain_http.post(told["webhook"], json=message, trust_env=False).status_code == 200
    first.end(signal.SIGKILL)

    again = start("--json")
    assert json.loads(again.says("\n"))["first"] is False
    assert ended(again)["state"] == "filled"


def test_a_second_one_on_the_folder_is_refused_in_words(start) -> None:
    first = start()
    first.says("Ctrl-C stops it.")
    second = start()
    assert second.process.wait(PATIENCE_S) == 1
    assert f"A Tradewire is running on {first.folder.path} already" in second.err.read_text()
    assert first.process.poll() is None


def test_ready_is_one_line_of_json_where_programs_read(start) -> None:
    up = start("--json", "--host", "127.0.0.1")
    (line,) = up.says("\n").splitlines()
    told = json.loads(line)
    assert told["webhook"] == told["url"] + "/api/tradingview/webhook"
    assert told["key"].startswith("tw_live_")
    assert (told["first"], told["connection"], told["strategy_id"]) == (True, "main", "my_strategy_1")


def test_no_key_comes_into_the_log(start) -> None:
    up = start("--json")
    key = json.loads(up.says("\n"))["key"]
    up.end()
    assert key not in up.err.read_text()


def test_a_settings_file_that_is_named_must_exist(start, tmp_path: Path) -> None:
    up = start("--config", str(tmp_path / "missing.toml"))
    assert up.process.wait(PATIENCE_S) == 1
    assert f"The settings file {tmp_path / 'missing.toml'} does not exist." in up.err.read_text()
