"""The data folder: its lock, its modes, and the note it keeps about who runs on it."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tradewire.contract.errors import Unhonoured
from tradewire.runtime.folder import DataFolder, FolderInUse, Instance, write_private

HOLDER = """
import os, sys
from tradewire.runtime.folder import DataFolder
with DataFolder(sys.argv[1]).lock():
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
INSTANCE = Instance(
    pid=4711,
    url="http://127.0.0.1:8080",
    token="secret-token",
    started_at=datetime(2026, 3, 2, tzinfo=UTC),
)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def holder(folder: DataFolder):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(process.pid)
        yield process
        process.kill()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_folder_and_its_secrets_are_for_their_owner_alone(folder: DataFolder) -> None:
    with folder.lock():
        folder.announce(INSTANCE)
        assert (mode(folder.path), mode(folder.instance_file), mode(folder.path / "lock")) == (
            0o700,
            0o600,
            0o600,
        )


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unhonoured, match=r"cannot be created: Not a directory\. Choose another with --data"):
        DataFolder(tmp_path / "file" / "data").create()


def test_a_folder_that_everybody_may_write_into_is_refused_in_words(folder: DataFolder) -> None:
    folder.create()
    folder.path.chmod(0o777)
    with pytest.raises(Unhonoured, match="chmod 700"):
        folder.create()


def test_a_link_in_the_place_of_the_lock_empties_no_other_file(folder: DataFolder, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    folder.create()
    (folder.path / "lock").symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"), folder.lock():
        pass
    assert other.read_text() == "kept"


def test_a_second_instance_is_refused_by_pid_and_folder(
    folder: DataFolder, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(FolderInUse) as refused, folder.lock():
        pass
    assert str(holder.pid) in str(refused.value)
    assert str(folder.path) in str(refused.value)
    assert refused.value.pid == holder.pid


def test_a_killed_instance_leaves_the_folder_free(folder: DataFolder, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert not folder.is_in_use()
    with folder.lock():
        assert folder.is_in_use()
    assert not folder.is_in_use()


def test_asking_whether_it_is_in_use_takes_the_lock_from_nobody(folder: DataFolder) -> None:
    with folder.lock():
        assert folder.is_in_use()
        with pytest.raises(FolderInUse), folder.lock():
            pass


def test_the_note_of_a_running_instance_is_found(folder: DataFolder) -> None:
    with folder.lock():
        folder.announce(INSTANCE)
        assert folder.running() == INSTANCE
        folder.withdraw()
        assert folder.running() is None


def test_the_note_of_an_instance_that_was_killed_is_stale(folder: DataFolder) -> None:
    with folder.lock():
        folder.announce(INSTANCE)
    assert folder.instance_file.exists()
    assert folder.running() is None


def test_the_token_is_not_shown(folder: DataFolder) -> None:
    assert "secret-token" not in repr(INSTANCE)


def test_a_file_is_replaced_whole_and_made_private(tmp_path: Path) -> None:
    target = tmp_path / "note"
    target.write_text("old")
    target.chmod(0o644)
    write_private(target, b"new")
    assert (target.read_bytes(), mode(target), list(tmp_path.iterdir())) == (b"new", 0o600, [target])


@pytest.mark.parametrize("name", ["plain", "with space", "100%", "what?", "a#b"])
def test_the_database_url_names_the_file_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    folder = DataFolder(tmp_path / name)
    assert make_url(folder.database_url).database == str(tmp_path / name / "tradewire.db")
