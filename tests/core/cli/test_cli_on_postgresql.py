"""Commands on a PostgreSQL that processes share, beside whatever runs there."""

import json
from pathlib import Path

import pytest

from tradewire.cli.main import main


@pytest.fixture
def beside(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIRE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TRADEWIRE_DATABASE_URL", postgres_url)
    monkeypatch.setenv("TRADEWIRE_KEY_FILE", str(tmp_path / "secret.key"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("TRADEWIRE_URL", raising=False)
    monkeypatch.delenv("TRADEWIRE_DRAMATIQ_URL", raising=False)


@pytest.mark.usefixtures("beside")
def test_a_command_ends_as_well_as_it_began(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "add", "paper"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["account", "show", "paper", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["name"] == "paper"
    assert told.err == ""


@pytest.mark.usefixtures("beside")
def test_a_refusal_is_told_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "show", "none"]) == 1
    told = capsys.readouterr()
    assert (told.out, len(told.err.strip().splitlines())) == ("", 1)
    assert told.err.startswith("There is no account yet")
