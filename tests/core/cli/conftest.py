"""A data folder with a Tradewire in it, and the command line run in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from starting_points import empty_database
from tradewire.cli.main import main
from tradewire.runtime.core import open_core
from tradewire.runtime.folder import DataFolder
from tradewire.settings import Settings
from tradewire.testing.clock import FakeClock


class Result(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A folder with an empty store, named by TRADEWIRE_DATA."""
    made = DataFolder(tmp_path / "data")
    made.create()
    empty_database(made.path / "tradewire.db")
    open_core(made, Settings(), FakeClock(), engine=False).close()
    monkeypatch.setenv("TRADEWIRE_DATA", str(made.path))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("TRADEWIRE_URL", raising=False)
    return made


@pytest.fixture
def cli(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> Cli:
    """`cli("key", "list")` as typed after `tradewire`."""

    def run(*arguments: str) -> Result:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Result(int(code), captured.out, captured.err)

    return run
