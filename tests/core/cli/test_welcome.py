"""What `tradewire up` prints: lines to copy whole, the rest in 80 columns."""

import json
import shlex
from pathlib import Path

import pytest

from tradewire.cli.welcome import Welcome, print_welcome
from tradewire.runtime.first_run import AlertSetup
from tradewire.server.embedded import ListeningAt

KEY = "tw_live_EQiYlMyu7RmBo2i2SAGv88BQzPTo4FAG4Ghmgp"


def welcome(
    *, host: str = "127.0.0.1", tls: bool = False, public: str | None = None, first: bool = True
) -> Welcome:
    return Welcome(
        folder=Path("/srv/trading"),
        at=ListeningAt(host=host, port=8080, tls=tls),
        public_url=public,
        alerts=AlertSetup(
            first=first, connection="main", strategy_id="my_strategy_1", secret=KEY if first else None
        ),
    )


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("first", [True, False])
def test_only_what_is_copied_is_longer_than_80_columns(
    first: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    print_welcome(welcome(first=first))
    long = [line for line in capsys.readouterr().out.splitlines() if len(line) > 80]
    assert [line[:5] for line in long] == ['{"api', "curl "]


def test_both_messages_are_json_with_the_key_filled_in() -> None:
    made = welcome()
    words = shlex.split(made.curl())
    for body in (made.payload(), words[words.index("-d") + 1]):
        message = json.loads(body)
        assert (message["apiKey"], message["strategyId"]) == (KEY, "my_strategy_1")


def test_listening_everywhere_is_reached_at_the_machine_itself() -> None:
    assert "http://127.0.0.1:8080/" in welcome(host="0.0.0.0").curl()


def test_the_public_address_is_for_tradingview_and_the_local_one_for_the_test() -> None:
    made = welcome(public="https://relay.example")
    assert made.webhook == "https://relay.example/api/tradingview/webhook"
    assert "http://127.0.0.1:8080/" in made.curl()


def test_a_certificate_for_another_name_does_not_stop_the_test() -> None:
    assert welcome(tls=True).curl().startswith("curl -k -sS https://127.0.0.1:8080/")


def test_commands_name_a_folder_that_is_not_the_default_one() -> None:
    assert welcome().command("signals") == "tradewire signals --data /srv/trading"


def test_a_program_that_path_does_not_lead_to_is_named_as_it_was_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/tradewire", "up"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert welcome().command("signals").startswith(".venv/bin/tradewire signals ")


def test_without_a_key_that_works_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    bare = AlertSetup(first=False, connection=None, strategy_id=None)
    print_welcome(
        Welcome(
            folder=Path("/srv/trading"),
            at=ListeningAt(host="127.0.0.1", port=8080),
            public_url=None,
            alerts=bare,
        )
    )
    said = capsys.readouterr().out
    assert "No key works any more: tradewire key new" in said
    assert "No algorithm is started: tradewire algorithm list" in said
