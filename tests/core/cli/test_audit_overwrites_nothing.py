"""What was exported or kept before is written over only where a person says so."""

from pathlib import Path

import pytest

from core.cli.conftest import Cli


@pytest.mark.parametrize("command", ["export", "checkpoint"])
def test_a_file_that_is_there_is_refused_and_stays(cli: Cli, tmp_path: Path, command: str) -> None:
    cli("account", "add", "paper")
    file = tmp_path / "kept"
    file.write_text("before")
    refused = cli("audit", command, str(file))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == f"{file} exists already; choose another name, or write over it with --force.\n"
    assert file.read_text() == "before"
    assert cli("audit", command, str(file), "--force").code == 0
    assert file.read_text() != "before"


@pytest.mark.parametrize("command", ["export", "checkpoint"])
def test_a_new_file_and_a_device_need_no_word(cli: Cli, tmp_path: Path, command: str) -> None:
    cli("account", "add", "paper")
    assert cli("audit", command, str(tmp_path / "new")).code == 0
    assert cli("audit", command, "/dev/null").code == 0
