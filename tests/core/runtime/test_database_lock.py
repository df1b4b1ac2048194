"""One Tradewire at a time on a SQLite file, whatever data folders they have."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradewire.runtime.core import open_core
from tradewire.runtime.database_lock import DatabaseInUse, lock_database
from tradewire.runtime.folder import DataFolder
from tradewire.settings import Settings
from tradewire.store.database import StoreUnavailable
from tradewire.testing.clock import FakeClock

HOLDER = """
import os, sys
from tradewire.runtime.database_lock import lock_database
lock = lock_database(sys.argv[1])
print(os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "shared.db"


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(process.pid)
        yield process
        process.kill()


def test_a_second_data_folder_is_refused_the_database_of_a_running_one(
    tmp_path: Path, url: str, database: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(DatabaseInUse) as refused:
        open_core(DataFolder(tmp_path / "second"), Settings(database_url=url), FakeClock(), engine=True)
    assert str(database) in str(refused.value)
    assert f"process {holder.pid}" in str(refused.value)
    assert not database.exists()


def test_the_database_is_free_once_its_tradewire_has_closed_or_was_killed(
    tmp_path: Path, url: str, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    folder, settings = DataFolder(tmp_path / "data"), Settings(database_url=url)
    for _ in range(2):
        open_core(folder, settings, FakeClock(), engine=False).close()


def test_a_start_that_fails_lets_go_of_the_database(tmp_path: Path, url: str, database: Path) -> None:
    database.write_text("no database at all, but some text that is long enough for a header" * 10)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="not a SQLite database"):
            open_core(DataFolder(tmp_path / "data"), Settings(database_url=url), FakeClock(), engine=False)


def test_another_name_of_the_same_file_is_the_same_lock(tmp_path: Path, url: str, database: Path) -> None:
    database.touch()
    (tmp_path / "link.db").symlink_to(database)
    held = lock_database(url)
    assert held is not None
    with pytest.raises(DatabaseInUse):
        lock_database(f"sqlite:///{tmp_path / 'link.db'}")
    held.release()


def test_a_database_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"nowhere/some\.db cannot be opened: No such file"):
        lock_database(f"sqlite:///{tmp_path}/nowhere/some.db")
