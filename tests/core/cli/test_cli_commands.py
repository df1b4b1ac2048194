"""What the commands print, on a folder where nothing is running."""

import io
import json
import sqlite3
from pathlib import Path
from typing import get_args

import pytest

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from core.services.history import (
    BLOCKED,
    DUPLICATE,
    FILLED,
    INVALID,
    UNKNOWN,
    WAITING,
    live_through,
    wait,
)
from tradewire.cli.orders import State
from tradewire.cli.signals import Status
from tradewire.domain.order import ParentState
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by, algorithm_by
from tradewire.services.signal_filter import SignalFilter
from tradewire.store.database import open_store
from tradewire.testing.clock import FakeClock


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "breakout.toml"
    path.write_text(ALGORITHM)
    return str(path)


@pytest.fixture
def lived(cli: Cli, file: str, folder: DataFolder) -> None:
    assert cli("account", "add", "paper").code == 0
    assert cli("algorithm", "add", file, "--start").code == 0
    store = open_store(folder.database_url)
    store.write_now(
        lambda conn: live_through(
            conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, FakeClock().now()
        )
    )
    store.close()


def test_a_new_key_stands_alone_on_stdout(cli: Cli) -> None:
    made = cli("key", "new", "main")
    assert made.code == 0
    assert len(made.out.split()) == 1
    assert made.out.startswith("tw_live_")
    assert made.out.strip() not in cli("key", "list").out


def test_a_refusal_is_one_sentence_on_stderr_and_exit_1(cli: Cli) -> None:
    cli("key", "new", "main")
    again = cli("key", "new", "main")
    assert (again.code, again.out) == (1, "")
    assert len(again.err.strip().splitlines()) == 1


def test_a_name_with_spaces_and_marks_is_found_again(cli: Cli) -> None:
    assert cli("key", "new", "my key? #1").code == 0
    assert cli("key", "regenerate", "my key? #1").code == 0
    assert cli("key", "revoke", "my key? #1").code == 0


def test_a_key_is_revealed_for_the_password(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cli("key", "new", "main").out
    monkeypatch.setattr("sys.stdin", io.StringIO("a good password\n"))
    assert cli("password").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("a good password\n"))
    assert cli("key", "reveal", "main").out == made
    monkeypatch.setattr("sys.stdin", io.StringIO("a bad password\n"))
    assert cli("key", "reveal", "main").code == 1


def test_each_mistake_of_a_file_is_a_line(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(ALGORITHM.replace('"buy"', '"bye"').replace("quantity = 10\n", "quantity = 0\n"))
    cli("account", "add", "paper")
    refused = cli("algorithm", "add", str(path))
    assert refused.code == 1
    assert [line[:2] for line in refused.err.splitlines()] == ["- ", "- "]


def test_shorts_are_refused_in_words_where_nobody_can_be_asked(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "dynamic.toml"
    path.write_text(ALGORITHM + "[dynamic]\naction = true\n")
    cli("account", "add", "paper")
    refused = cli("algorithm", "add", str(path))
    assert refused.code == 1
    assert "allow_shorts" in refused.err
    assert cli("algorithm", "add", str(path), "--no-shorts").code == 0


def test_a_person_is_asked_about_shorts(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dynamic.toml"
    path.write_text(ALGORITHM + "[dynamic]\naction = true\n")
    cli("account", "add", "paper")
    monkeypatch.setattr("tradewire.cli.algorithms.is_interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("perhaps\ny\n"))
    added = cli("algorithm", "add", str(path), "--json")
    assert json.loads(added.out)["algorithm"]["allow_shorts"] is True
    assert added.err.count("Are shorts allowed?") == 2


def test_show_prints_the_chain(cli: Cli, file: str) -> None:
    cli("account", "add", "paper")
    cli("algorithm", "add", file)
    shown = cli("algorithm", "show", "breakout").out
    assert shown.index("parse") < shown.index("kill_switch (global)") < shown.index("blueprint  ")


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    "words",
    [
        ["signals"],
        ["signals", "--refused"],
        ["signal", "show", FILLED[:13]],
        ["signal", "show", BLOCKED, "--verdicts"],
        ["orders"],
        ["fills"],
        ["positions"],
        ["positions", "--by", "account"],
        ["algorithm", "list"],
        ["algorithm", "show", "breakout"],
        ["account", "list"],
        ["plugins"],
        ["status"],
        ["key", "list"],
        ["token", "list"],
    ],
    ids=" ".join,
)
def test_every_screen_fits_80_columns_and_has_a_json_twin(words: list[str], cli: Cli) -> None:
    screen = cli(*words)
    assert screen.code == 0
    assert screen.out.strip()
    assert max(len(line) for line in screen.out.splitlines()) <= 80
    assert "\x1b" not in screen.out
    document = cli(*words, "--json")
    assert (document.code, document.err) == (0, "")
    json.loads(document.out)


@pytest.mark.usefixtures("lived")
def test_a_story_reads_from_the_alert_to_the_fill(cli: Cli) -> None:
    shown = cli("signal", "show", FILLED, "--utc").out
    assert "14:29:59" in shown
    assert shown.index("-850 ms") < shown.index("guarded") < shown.index("187.25 USD")


@pytest.mark.usefixtures("lived")
def test_what_came_from_outside_cannot_style_the_screen(cli: Cli) -> None:
    shown = cli("algorithm", "stop", "breakout", "--reason", "[red]x[/red] \x1b[31m")
    assert shown.code == 0
    assert "\x1b" not in cli("algorithm", "show", "breakout").out
    assert "[red]x" in cli("algorithm", "show", "breakout").out


@pytest.mark.usefixtures("lived")
def test_following_prints_each_signal_once_until_ctrl_c(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter([None, None, KeyboardInterrupt()])

    def wait(seconds: float) -> None:
        stop = next(rounds)
        if stop is not None:
            raise stop

    monkeypatch.setattr("tradewire.cli.signals.time.sleep", wait)
    followed = cli("signals", "--follow", "--json")
    assert followed.code == 0
    assert len([json.loads(line) for line in followed.out.splitlines()]) == 5


def test_following_misses_none_of_many_that_come_at_once(
    cli: Cli, folder: DataFolder, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("account", "add", "paper")
    cli("algorithm", "add", file)
    store = open_store(folder.database_url)
    store.write_now(lambda conn: wait(conn, FakeClock().now()))
    waits = []

    def come(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 2:
            raise KeyboardInterrupt
        if len(waits) == 1:
            store.write_now(
                lambda conn: live_through(
                    conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, FakeClock().now()
                )
            )

    monkeypatch.setattr("tradewire.cli.signals.time.sleep", come)
    monkeypatch.setattr("tradewire.cli.signals._WATCHED", 2)
    followed = cli("signals", "--follow", "--json", "--limit", "1")
    printed = [json.loads(line)["id"] for line in followed.out.splitlines()]
    assert printed == [WAITING, FILLED, BLOCKED, UNKNOWN, DUPLICATE, INVALID]
    store.close()


@pytest.mark.usefixtures("lived")
def test_following_begins_with_as_many_as_are_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter([None, KeyboardInterrupt()])

    def wait(seconds: float) -> None:
        stop = next(rounds)
        if stop is not None:
            raise stop

    monkeypatch.setattr("tradewire.cli.signals.time.sleep", wait)
    followed = cli("signals", "--follow", "--json", "--limit", "2")
    newest = json.loads(cli("signals", "--json", "--limit", "2").out)["items"]
    assert [json.loads(line) for line in followed.out.splitlines()] == newest[::-1]


def test_halt_and_resume_need_a_reason(cli: Cli) -> None:
    assert cli("halt").code == 2
    assert cli("halt", "--reason", "news").code == 0
    assert cli("halt", "--reason", "news").code == 1
    assert cli("resume", "--reason", "over").code == 0


@pytest.mark.usefixtures("lived")
def test_a_switch_that_is_set_tells_how_it_is_released(cli: Cli) -> None:
    release = 'tradewire resume --account paper --reason "…"'
    assert release in cli("halt", "--reason", "news", "--account", "paper").out
    assert release in " ".join(cli("status").out.split())
    assert "is released: over" in cli("resume", "--reason", "over", "--account", "paper").out
    assert "kill switch" not in cli("status").out


@pytest.mark.parametrize(
    "words", ["signals", "signals --refused", "token list", "key list", "algorithm list"]
)
def test_an_empty_list_is_a_sentence(words: str, cli: Cli) -> None:
    shown = cli(*words.split())
    assert (shown.code, len(shown.out.splitlines()), shown.out[-2:]) == (0, 1, ".\n")


def test_every_state_of_an_order_can_be_asked_for(cli: Cli) -> None:
    assert set(get_args(State)) == {state.value for state in ParentState}
    assert all(cli("orders", "--state", state.value).code == 0 for state in ParentState)


def test_a_file_that_is_no_checkpoint_is_named(cli: Cli, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("no")
    refused = cli("audit", "verify", "--checkpoint", str(wrong))
    assert refused.code == 2
    assert str(wrong) in refused.err


def test_the_ledger_is_checked_against_a_kept_checkpoint(cli: Cli, tmp_path: Path) -> None:
    kept, copy = tmp_path / "kept.json", tmp_path / "ledger.jsonl"
    cli("key", "new", "main")
    assert cli("audit", "checkpoint", str(kept)).code == 0
    assert cli("audit", "verify", "--checkpoint", str(kept)).code == 0
    assert cli("audit", "export", str(copy)).code == 0
    assert cli("audit", "verify", str(copy), "--checkpoint", str(kept)).code == 0
    copy.write_text(copy.read_text().replace("main", "mine"))
    assert cli("audit", "verify", str(copy)).code == 4


def test_an_export_for_which_there_is_no_room_ends_in_one_sentence(cli: Cli) -> None:
    cli("key", "new", "main")
    refused = cli("audit", "export", "/dev/full")
    assert (refused.code, refused.err) == (
        1,
        "The file /dev/full cannot be written: No space left on device.\n",
    )


def test_damage_in_the_database_is_exit_4(cli: Cli, folder: DataFolder) -> None:
    cli("key", "new", "main")
    cli("audit", "checkpoint")
    with sqlite3.connect(folder.database) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE ledger_entries SET kind = 'x'")
    database.close()
    damaged = cli("audit", "verify", "--json")
    assert damaged.code == 4
    assert json.loads(damaged.out)["ok"] is False


def test_resolving_needs_a_running_tradewire(cli: Cli) -> None:
    assert cli("order", "resolve", "ab").code == 2
    refused = cli("order", "resolve", "ab", "--absent")
    assert refused.code == 1
    assert "tradewire up" in refused.err


def test_an_accounts_multiplier_is_set_and_shown(cli: Cli) -> None:
    assert cli("account", "add", "paper", "--multiplier", "2").code == 0
    assert "Multiplier of what is opened: 2\n" in cli("account", "show", "paper").out
    changed = cli("account", "set", "paper", "--multiplier", "0.50")
    assert changed.out == "What is opened on the account paper is scaled by 0.5.\n"
    assert "Multiplier of what is opened: 0.5\n" in cli("account", "show", "paper").out
    assert "multiplier=0.5" in cli("account", "list").out
    assert json.loads(cli("account", "show", "paper", "--json").out)["quantity_multiplier"] == "0.5"


@pytest.mark.parametrize("text", ["0", "-1", "half", "1e9"])
def test_what_is_no_multiplier_is_refused_in_one_sentence(cli: Cli, text: str) -> None:
    cli("account", "add", "paper")
    refused = cli("account", "set", "paper", f"--multiplier={text}")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("--multiplier is ")
    assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.usefixtures("lived")
def test_the_log_is_narrowed_to_any_state_that_it_shows(cli: Cli) -> None:
    assert set(get_args(Status)) == {one.value for one in SignalFilter}
    shown = cli("signals", "--status", "blocked")
    assert (shown.code, shown.out.count("breakout")) == (0, 1)
    assert cli("signals", "--status", "expired").out == "No such signal.\n"
