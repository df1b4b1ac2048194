"""`tradewire audit check`: of the store and of an exported file, beside other lists, with exit codes."""

import json
from pathlib import Path

import msgspec
import pytest

from core.audit.story import Story, lines, sound
from core.cli.conftest import Cli


def exported(story: Story, path: Path) -> str:
    """A file as `audit export` writes one; its chain is broken, which the check says as well."""
    path.write_text("".join(msgspec.json.encode(line).decode() + "\n" for line in lines(story.entries)))
    return str(path)


def test_an_empty_store_keeps_every_promise(cli: Cli) -> None:
    done = cli("audit", "check")
    assert done.code == 0
    assert "Every promise that a history can show was kept." in done.out


def test_the_store_and_its_export_are_judged_alike(cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    assert cli("account", "add", "paper").code == 0
    assert cli("audit", "export", str(copy)).code == 0
    here, there = cli("audit", "check", "--json"), cli("audit", "check", str(copy), "--json")
    assert json.loads(here.out) == json.loads(there.out)
    assert json.loads(here.out)["ok"] is True


def test_findings_are_listed_and_the_exit_code_is_one(cli: Cli, tmp_path: Path) -> None:
    done = cli("audit", "check", exported(sound(), tmp_path / "e.jsonl"), "--settled")
    assert done.code == 1
    assert "damaged" in done.out
    assert "The history breaks promises" in done.err


def test_other_lists_are_compared(cli: Cli, tmp_path: Path) -> None:
    book, ids = tmp_path / "book.json", tmp_path / "ids.txt"
    book.write_text(
        json.dumps(
            {
                "accounts": [
                    {
                        "account": "venue",
                        "orders": [
                            {
                                "request": {
                                    "client_id": "a" * 32,
                                    "side": "buy",
                                    "quantity": "1",
                                    "instrument": {"id": "AAPL"},
                                }
                            }
                        ],
                    }
                ]
            }
        )
    )
    ids.write_text("s1\nnever-heard-of\n")
    file = exported(sound(), tmp_path / "e.jsonl")
    done = cli("audit", "check", file, "--venue", str(book), "--acknowledged", str(ids), "--json")
    counts = json.loads(done.out)["counts"]
    assert counts["orphan"] == 1
    assert counts["lost"] == 1
    assert done.code == 1


@pytest.mark.parametrize("option", [(), ("--venue",), ("--acknowledged",)])
def test_a_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path, option: tuple[str, ...]) -> None:
    refused = cli("audit", "check", *option, str(tmp_path / "missing"))
    assert refused.code == 2
    assert str(tmp_path / "missing") in refused.err


def test_what_is_no_list_of_a_venue_is_refused_in_words(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "book.json").write_text("[]")
    refused = cli("audit", "check", "--venue", str(tmp_path / "book.json"))
    assert refused.code == 1
    assert "not a venue's list" in refused.err
