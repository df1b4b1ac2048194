"""The migrations lead to the schema; a copy is kept, a stranger's or newer database is refused."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from tradewire.contract.errors import Unhonoured
from tradewire.store.database import StoreUnavailable
from tradewire.store.migrations import draft as drafting
from tradewire.store.migrations import scripts
from tradewire.store.schema import metadata
from tradewire.store.sqlite_engine import migrating_engine
from tradewire.store.upgrade import Upgraded, upgrade

NEWEST = scripts.newest()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "tradewire.db"


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


def tables(database: Path) -> dict[str, set[str]]:
    """Each table's and index's definition as a set of lines, since the order of constraints means nothing."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL "
            "AND name NOT IN ('alembic_version', 'sqlite_sequence')"
        ).fetchall()
    connection.close()
    # A column that was added later stands in the line of the last one.
    return {
        name: {line.strip().rstrip(",") for line in re.split(r"\n|, (?=\w+ [A-Z])", sql)}
        for name, sql in rows
    }


def test_the_migrated_database_differs_in_nothing_from_the_schema(url: str) -> None:
    upgrade(url)
    with migrating_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_definition_is_word_for_word_that_of_the_schema(
    url: str, database: Path, tmp_path: Path
) -> None:
    upgrade(url)
    directly = tmp_path / "directly.db"
    with migrating_engine(f"sqlite:///{directly}").connect() as connection:
        metadata.create_all(connection)
        connection.commit()
    assert tables(database) == tables(directly)


def test_a_difference_would_be_noticed(url: str) -> None:
    upgrade(url)
    with migrating_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), MetaData()) != []


def test_a_second_upgrade_does_nothing(url: str, tmp_path: Path) -> None:
    assert upgrade(url) == Upgraded(before=None, after=scripts.newest())
    assert upgrade(url) == Upgraded(before=scripts.newest(), after=scripts.newest())
    assert [path.name for path in tmp_path.iterdir()] == ["tradewire.db"]


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_seals"])
@pytest.mark.parametrize("change", ["UPDATE {} SET rowid = 9", "DELETE FROM {}"])
def test_the_ledger_refuses_to_be_changed(url: str, database: Path, table: str, change: str) -> None:
    upgrade(url)
    connection = sqlite3.connect(database, isolation_level=None)
    required = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[3]]
    marks = ", ".join("1" for _ in required)
    connection.execute(f"INSERT INTO {table} ({', '.join(required)}) VALUES ({marks})")
    with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
        connection.execute(change.format(table))
    connection.close()


def test_what_was_there_is_copied_before_a_migration(
    url: str, database: Path, with_a_second_migration
) -> None:
    upgrade(url)
    before = tables(database)
    with_a_second_migration("pass")
    upgraded = upgrade(url)
    assert upgraded == Upgraded(
        before=NEWEST, after="9001", backup=database.with_name("tradewire.db.before-9001")
    )
    assert "further" in tables(database)
    assert tables(upgraded.backup) == before
    assert upgraded.backup.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_half_way_leaves_nothing(
    url: str, database: Path, with_a_second_migration
) -> None:
    upgrade(url)
    before = tables(database)
    with_a_second_migration('raise RuntimeError("half-way")')
    with pytest.raises(RuntimeError, match="half-way"):
        upgrade(url)
    assert tables(database) == before
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]
    connection.close()


def test_a_draft_of_the_first_migration_leads_to_the_schema_as_well(
    url: str, database: Path, tmp_path: Path, with_a_second_migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(url)
    by_hand = tables(database)
    database.unlink()
    with_a_second_migration("pass")
    for written in (tmp_path / "migrations" / "versions").glob("*.py"):
        written.unlink()
    monkeypatch.setattr(drafting, "configuration", scripts.configuration)
    drafted = drafting.draft("0001", "all tables")
    assert drafted == tmp_path / "migrations" / "versions" / "0001_all_tables.py"
    upgrade(url)
    assert tables(database) == by_hand


def test_each_migration_is_a_transaction_of_its_own(
    url: str, database: Path, with_a_second_migration
) -> None:
    with_a_second_migration('raise RuntimeError("half-way")')
    with pytest.raises(RuntimeError, match="half-way"):
        upgrade(url)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]
    connection.close()
    assert "further" not in tables(database)


def test_a_database_of_a_newer_tradewire_is_refused_in_words(url: str, database: Path) -> None:
    upgrade(url)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Unhonoured, match=r"revision 9999, .* a newer Tradewire wrote it"):
        upgrade(url)


def test_another_programs_database_is_refused_and_left_alone(url: str, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    with pytest.raises(Unhonoured, match="another program's database"):
        upgrade(url)
    assert tables(database).keys() == {"theirs"}


def test_a_file_that_is_no_database_is_refused_in_words(url: str, database: Path) -> None:
    database.write_text(
        "This is a text file, and a rather long one, so that it is read as no database.\n" * 20
    )
    with pytest.raises(StoreUnavailable, match="is not a SQLite database"):
        upgrade(url)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"missing/x\.db cannot be opened: No such file or directory"):
        upgrade(f"sqlite:///{tmp_path}/missing/x.db")
