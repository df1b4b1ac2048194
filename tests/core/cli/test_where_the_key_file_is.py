"""Commands and the doctor look for the key file where the settings say, and tell of one that is missing."""

import json
from pathlib import Path

import pytest

from core.cli.conftest import Cli
from tradewire.runtime.folder import DataFolder


@pytest.fixture
def elsewhere(folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder's key file, moved to where TRADEWIRE_KEY_FILE says."""
    path = tmp_path / "elsewhere.key"
    folder.key_file.rename(path)
    monkeypatch.setenv("TRADEWIRE_KEY_FILE", str(path))
    return path


@pytest.mark.usefixtures("elsewhere")
def test_a_command_uses_the_key_file_that_the_settings_name(cli: Cli) -> None:
    assert cli("status").code == 0


def test_a_database_without_its_key_file_says_which_file_is_missing(cli: Cli, folder: DataFolder) -> None:
    folder.key_file.unlink()
    refused = cli("status")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"There is no key file at {folder.key_file}")
    assert not folder.key_file.exists()


def test_a_folder_without_a_database_has_no_tradewire(cli: Cli, tmp_path: Path) -> None:
    refused = cli("status", "--data", str(tmp_path / "none"))
    assert (refused.code, "tradewire up" in refused.err) == (3, True)
    assert not (tmp_path / "none").exists()


def test_the_doctor_looks_at_that_key_file_where_the_database_does_not_answer(
    cli: Cli, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIRE_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x")
    found = json.loads(cli("doctor", "--json").out)["findings"]
    [key_file] = [one for one in found if one["name"] == "key file"]
    assert (key_file["status"], str(elsewhere) in key_file["detail"]) == ("ok", True)
