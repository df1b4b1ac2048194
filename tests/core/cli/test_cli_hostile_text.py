"""What strangers wrote, printed: it never commands a terminal, styles a table, or forges a line."""

import json
from datetime import UTC, datetime
from functools import partial

import pytest

from core.cli.conftest import Cli
from tradewire.cli.main import main
from tradewire.cli.screen import harmless_json
from tradewire.ingress.refusals import Refusal, record
from tradewire.runtime.folder import DataFolder
from tradewire.store.database import open_store

#: As it may stand, percent-encoded, in the URL of a message that nobody has a key for.
PROVIDERS = ("\x1b]0;owned\x07\x1b[2J", "\x9b31m", "[/red]", "[red]bold", "two\nlines")


@pytest.fixture
def knocked_at(folder: DataFolder) -> None:
    """A folder whose refused messages were posted to addresses of a stranger's choice."""
    store = open_store(folder.database_url)
    for provider in PROVIDERS:
        refusal = Refusal(
            at=datetime(2026, 3, 2, 14, 30, tzinfo=UTC),
            source="203.0.113.9",
            provider=provider,
            last4="[/a]",
            kind="unreadable",
        )
        store.write_now(partial(record, refusal=refusal, most_per_day=10))
    store.close()


@pytest.mark.usefixtures("knocked_at")
def test_the_address_of_a_refused_message_is_shown_as_plain_text(cli: Cli) -> None:
    shown = cli("signals", "--refused")
    assert shown.code == 0
    assert "[/red]" in shown.out
    assert "[red]bold" in shown.out
    assert all(letter.isprintable() or letter == "\n" for letter in shown.out)
    assert len(shown.out.splitlines()) == 1 + len(PROVIDERS)


@pytest.mark.usefixtures("knocked_at")
def test_as_json_it_is_the_same_text_in_escapes(cli: Cli) -> None:
    shown = cli("signals", "--refused", "--json")
    assert all(letter.isprintable() or letter == "\n" for letter in shown.out)
    assert {one["provider"] for one in json.loads(shown.out)["items"]} == set(PROVIDERS)


@pytest.mark.parametrize("text", ["\x9b2J", "\u202e", "\u2028", "é", "\U000e0001", "💥"])
def test_harmless_json_reads_back_as_it_was(text: str) -> None:
    made = harmless_json(json.dumps({"comment": text}, ensure_ascii=False))
    assert made.isprintable()
    assert json.loads(made) == {"comment": text}


def test_a_refusal_names_what_was_asked_for_without_obeying_it(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["signal", "show", "\x1b[31mred", "--data", str(folder.path)]) == 1
    told = capsys.readouterr().err
    assert "red" in told
    assert "\x1b" not in told
