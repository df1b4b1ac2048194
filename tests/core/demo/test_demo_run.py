"""The demo as a process of its own, which starts two more."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

RUN = "from tradewire.cli.main import run; run()"
PATIENCE_S = 110.0


def demo(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
    return subprocess.run(
        [sys.executable, "-c", RUN, "demo", *options],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def result(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def running(keep: Path) -> int:
    """The process id of the demo's Tradewire, once it runs."""
    instance = keep / "data" / "instance.json"
    deadline = time.monotonic() + PATIENCE_S
    while not instance.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(json.loads(instance.read_text())["pid"])


def test_the_demo_passes_and_counts_every_message() -> None:
    ran = demo("--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = result(ran)
    counts = {
        "sent": 15,
        "signals": 14,
        "accepted": 11,
        "duplicates": 1,
        "unauthorized": 1,
        "invalid": 2,
        "no_match": 2,
        "blocked": 2,
        "orders": 9,
        "fills": 9,
        "lost": 0,
        "doubled": 0,
    }
    assert {name: found[name] for name in counts} == counts
    assert (found["ok"], found["problems"]) == (True, [])
    for name in ("accept_p50_ms", "accept_p99_ms", "submit_p50_ms", "submit_p99_ms"):
        assert found[name] > 0


def test_a_resend_that_trades_again_is_found() -> None:
    ran = demo("--json", "--sabotage", "dedupe")
    assert ran.returncode == 1
    assert result(ran)["doubled"] == 2
    assert "2 orders of breakout_north are at the venue, and 1 was wanted" in ran.stderr


def test_a_signal_dropped_after_its_200_is_found() -> None:
    ran = demo("--json", "--sabotage", "drop")
    assert ran.returncode == 1
    assert result(ran)["lost"] >= 2
    assert "was answered with 200, and no order of breakout_north is at the venue" in ran.stderr


def test_where_nobody_watches_it_prints_plain_lines_of_80_columns(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    ran = demo("--keep", str(keep), COLUMNS="80", NO_COLOR="1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout
    for words in (
        "AAPL to 2 accounts",
        "200 duplicate",
        "max_position",
        "Signal Log",
        "Latency",
        "All as it",
    ):
        assert words in ran.stdout
    rows = [line for line in ran.stdout.splitlines() if str(keep) not in line]
    assert max(len(line) for line in rows) <= 80
    assert (keep / "data" / "tradewire.db").exists()


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    ran = demo("--keep", str(tmp_path))
    assert ran.returncode == 1
    assert "is not empty" in ran.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_in_the_middle_it_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    keep = tmp_path / "kept"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "demo", "--keep", str(keep)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started = running(keep)
    process.send_signal(number)
    assert process.wait(PATIENCE_S) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)
    assert not (keep / "data" / "instance.json").exists()


def test_a_tradewire_that_dies_meanwhile_is_told_in_a_sentence(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "demo", "--json", "--keep", str(keep)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.kill(running(keep), signal.SIGKILL)
    out, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert out == ""
    assert len(told.strip().splitlines()) == 1
    assert "Traceback" not in told
