"""Switching crash points on: what is said, what is refused, what happens, what is written down."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tradewire.crashpoints import LOG_VARIABLE, VARIABLE, arm, crashpoint

PASSING = """
import os
from tradewire.crashpoints import arm, crashpoint
arm(os.environ)
for number in range(10):
    print(number, flush=True)
    crashpoint("submit.sent")
    crashpoint("report.stored")
"""


def passing(spec: str, log: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, VARIABLE: spec, LOG_VARIABLE: str(log)}
    return subprocess.Popen(
        [sys.executable, "-c", PASSING], env=environment, stdout=subprocess.PIPE, text=True
    )


def killed(spec: str, log: Path) -> tuple[int, list[str]]:
    """How it ended, and what it had printed before."""
    with passing(spec, log) as process:
        assert process.stdout is not None
        printed = process.stdout.read().split()
    return process.returncode, printed


def test_without_the_variable_nothing_happens() -> None:
    arm({})
    crashpoint("submit.sent")
    crashpoint("a name that there is not, where nothing looks")


@pytest.mark.parametrize(("spec", "before"), [("submit.sent", 1), ("report.stored:3", 3)])
def test_the_process_ends_at_the_passing_that_is_named(tmp_path: Path, spec: str, before: int) -> None:
    code, printed = killed(spec, tmp_path / "log")
    assert code == -signal.SIGKILL
    assert len(printed) == before


def test_the_hit_is_written_down_before_it_happens(tmp_path: Path) -> None:
    killed("submit.sent:2", tmp_path / "log")
    name, nth, mode, _ = (tmp_path / "log").read_text().split()
    assert (name, nth, mode) == ("submit.sent", "2", "kill")


def test_what_is_frozen_goes_on_when_it_is_let(tmp_path: Path) -> None:
    with passing("submit.sent:4:freeze", tmp_path / "log") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WSTOPSIG(status) == signal.SIGSTOP
        assert (tmp_path / "log").read_text().split()[:3] == ["submit.sent", "4", "freeze"]
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout is not None
        assert len(process.stdout.read().split()) == 10


def test_chance_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    ends = Counter(len(killed("random:0.2:7", tmp_path / "log")[1]) for _ in range(2))
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("submit.snet", "there is no crash point 'submit.snet'"),
        ("submit.sent:1:melt", "'melt' is neither kill nor freeze"),
        ("submit.sent:often", "'submit.sent:often' cannot be used"),
        ("random:much", "'random:much' cannot be used"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(spec: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arm({VARIABLE: spec})


def test_the_command_line_refuses_it_before_it_begins(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tradewire", "status", "--data", str(tmp_path)],
        env={**os.environ, VARIABLE: "nowhere"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "there is no crash point 'nowhere'" in done.stderr
