"""`tradewire serve` and `tradewire worker` refuse in words what belongs to a single process."""

from pathlib import Path

import pytest

from tradewire.cli.main import main

POSTGRES = "postgresql://nobody:geheim@127.0.0.1:1/tradewire"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_on_sqlite_they_name_what_runs_there(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEWIRE_DRAMATIQ_URL", "redis://127.0.0.1:1/0")
    assert main([command, "--data", str(tmp_path / "data")]) == 1
    said = capsys.readouterr().err
    assert f"`tradewire {command}` runs on PostgreSQL" in said
    assert "`tradewire up` does everything in one process" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_without_a_message_broker_they_name_the_setting(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEWIRE_DATABASE_URL", POSTGRES)
    assert main([command, "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "set dramatiq_url (TRADEWIRE_DRAMATIQ_URL)" in said
    assert "geheim" not in said


def test_a_database_that_is_away_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEWIRE_DATABASE_URL", POSTGRES)
    monkeypatch.setenv("TRADEWIRE_DRAMATIQ_URL", "redis://127.0.0.1:1/0")
    assert main(["worker", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "No PostgreSQL server answers there" in said
    assert "geheim" not in said


def test_a_worker_id_that_is_no_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "--id", "a b", "--data", str(tmp_path)]) == 1
    assert "expected letters, digits and -, _ or ., such as worker-1" in capsys.readouterr().err
