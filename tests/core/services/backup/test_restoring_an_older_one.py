"""A backup of an older version is restored as it was and migrated then."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import inspect

from tradewire.services.backup import restoring
from tradewire.services.backup.reading import open_archive
from tradewire.services.backup.restoring import restore_into
from tradewire.services.backup.writing import write_archive
from tradewire.store.database import open_store
from tradewire.store.migrations import scripts
from tradewire.store.sqlite_engine import migrating_engine
from tradewire.store.upgrade import upgrade

LATER = """
from alembic import op

revision = "9998"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("CREATE TABLE further AS SELECT name, 'moved' AS how FROM connections")
"""
NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    url = f"sqlite:///{tmp_path}/old.db"
    upgrade(url)
    store = open_store(url)
    store.write_now(
        lambda conn: conn.exec_driver_sql("INSERT INTO connections VALUES ('main', 'tradingview', 0)")
    )
    with (tmp_path / "backup.zip").open("wb") as out:
        store.read_now(lambda conn: write_archive(conn, out, NOW, "0.0.1"))
    store.close()
    return tmp_path / "backup.zip"


@pytest.fixture
def newer_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more migration, which works on rows that are there."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(scripts.__file__).parent, folder)
    (folder / "versions" / "9998_later.py").write_text(LATER.format(before=scripts.newest()))
    original = scripts.configuration

    def configuration(connection: object = None) -> Config:
        config = original(connection)  # type: ignore[arg-type]
        config.set_main_option("script_location", str(folder))
        return config

    monkeypatch.setattr(scripts, "configuration", configuration)
    monkeypatch.setattr(restoring, "configuration", configuration)


def test_the_rows_are_there_when_the_later_migration_runs(
    backup: Path, newer_version: None, tmp_path: Path
) -> None:
    with open_archive(backup) as archive, migrating_engine(f"sqlite:///{tmp_path}/new.db").connect() as conn:
        restore_into(conn, archive, secrets=None, kept=None, allow_damage=False, now=NOW)
        assert "further" in inspect(conn).get_table_names()
        assert conn.exec_driver_sql("SELECT * FROM further").fetchall() == [("main", "moved")]
        assert conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9998"
