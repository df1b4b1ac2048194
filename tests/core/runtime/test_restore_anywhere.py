"""A backup knows no kind of database: from SQLite to PostgreSQL and back, and over what stands there."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from core.services.history import live_through
from servers.postgres import Postgres
from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify
from tradewire.runtime.database_lock import DatabaseInUse, lock_database
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.restore import Choices, RestoredFolder, restore_folder
from tradewire.services.backup.reading import open_archive
from tradewire.services.backup.writing import write_archive
from tradewire.store.database import Store, open_store
from tradewire.store.schema import connections, restorations
from tradewire.store.upgrade import upgrade
from tradewire.testing.clock import FakeClock

#: What `hold_back` changes.
CHANGED = ("parent_orders", "ledger_entries", "ledger_seals", "restorations", "leases", "versions")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tradewire.db"


@pytest.fixture
def migrated_url(postgres: Postgres) -> Iterator[str]:
    """A database with all tables for the test alone, since a restore moves them away."""
    url = postgres.create(migrated=True)
    yield url
    postgres.drop(url)


def on(url: str, work: Callable[[Store], None]) -> None:
    store = open_store(url)
    try:
        work(store)
    finally:
        store.close()


def live(url: str) -> None:
    upgrade(url)

    def work(store: Store) -> None:
        store.write_now(lambda conn: live_through(conn, "account", "algorithm", FakeClock().now()))
        store.write_now(seal)

    on(url, work)


def back_up(url: str, file: Path) -> Path:
    def work(store: Store) -> None:
        with file.open("wb") as out:
            store.read_now(lambda conn: write_archive(conn, out, FakeClock().now(), "0.0.1"))

    on(url, work)
    return file


def restore(file: Path, url: str, tmp_path: Path) -> RestoredFolder:
    folder = DataFolder(tmp_path / "folder")
    folder.create()
    with open_archive(file) as archive:
        return restore_folder(folder, url, folder.key_file, archive, Choices(without_key=True), FakeClock())


def lines(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.startswith("tables/")]
        return {
            name: archive.read(name)
            for name in names
            if name.removeprefix("tables/").removesuffix(".jsonl") not in CHANGED
        }


def test_the_same_lines_come_out_of_either_database(
    sqlite_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    live(sqlite_url)
    first = back_up(sqlite_url, tmp_path / "first.zip")
    target = postgres.create(migrated=False)
    assert restore(first, target, tmp_path).aside is None
    second = back_up(target, tmp_path / "second.zip")
    assert lines(second) == lines(first)
    there_and_back = f"sqlite:///{tmp_path}/back.db"
    restore(second, there_and_back, tmp_path)
    assert lines(back_up(there_and_back, tmp_path / "third.zip")) == lines(first)
    postgres.drop(target)


def test_a_restored_database_goes_on_counting_and_chaining(
    sqlite_url: str, migrated_url: str, tmp_path: Path
) -> None:
    live(sqlite_url)
    restore(back_up(sqlite_url, tmp_path / "backup.zip"), migrated_url, tmp_path)

    def more(store: Store) -> None:
        entries = [Entry(at=FakeClock().now(), kind=EntryKind.ENGINE_STARTED)] * 3
        store.write_now(lambda conn: append(conn, entries))
        store.write_now(seal)
        found = store.read_now(verify)
        assert (found.ok, found.unsealed) == (True, 0)

    on(migrated_url, more)


def test_what_stood_in_postgresql_is_kept_in_a_schema_of_its_own(
    sqlite_url: str, migrated_url: str, tmp_path: Path
) -> None:
    live(sqlite_url)
    on(
        migrated_url,
        lambda store: store.write_now(
            lambda conn: conn.execute(
                insert(connections).values(name="theirs", provider="p", created_at=FakeClock().now())
            ).close()
        ),
    )
    aside = restore(back_up(sqlite_url, tmp_path / "backup.zip"), migrated_url, tmp_path).aside

    def work(store: Store) -> None:
        kept = store.read_now(lambda conn: conn.execute(text(f"SELECT name FROM {aside}.connections")).all())
        assert [name for (name,) in kept] == ["theirs"]
        assert store.read_now(lambda conn: conn.execute(select(connections)).all()) == []
        assert len(store.read_now(lambda conn: conn.execute(select(restorations)).all())) == 1

    on(migrated_url, work)


def test_nothing_is_restored_over_a_tradewire_at_work(
    sqlite_url: str, migrated_url: str, tmp_path: Path
) -> None:
    live(sqlite_url)
    file = back_up(sqlite_url, tmp_path / "backup.zip")

    def work(store: Store) -> None:
        store.read_now(lambda conn: conn.execute(select(connections)).all())
        with pytest.raises(Unhonoured, match="is at work"):
            restore(file, migrated_url, tmp_path)

    on(migrated_url, work)


def test_another_programs_tables_are_left_alone(sqlite_url: str, postgres: Postgres, tmp_path: Path) -> None:
    live(sqlite_url)
    target = postgres.create(migrated=False)
    postgres.execute("CREATE TABLE theirs (id int)", database=target.rpartition("/")[2])
    with pytest.raises(Unhonoured, match="another program's tables"):
        restore(back_up(sqlite_url, tmp_path / "backup.zip"), target, tmp_path)
    postgres.drop(target)


def rewritten(file: Path, tmp_path: Path, change: Callable[[list[Any]], None]) -> Path:
    """The backup with another list of tables in its manifest, which hold what they held."""
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                change(manifest["tables"])
                content = json.dumps(manifest).encode()
            after.writestr(name, content)
    return changed


def without_positions(tables: list[Any]) -> None:
    tables[:] = [one for one in tables if one["name"] != "positions"]


def without_a_column(tables: list[Any]) -> None:
    [table] = [one for one in tables if one["name"] == "positions"]
    table["columns"] = [one for one in table["columns"] if one["name"] != "entries"]


def twice(tables: list[Any]) -> None:
    tables += [one for one in tables if one["name"] == "positions"]


def renamed(tables: list[Any]) -> None:
    [table] = [one for one in tables if one["name"] == "positions"]
    table["name"] = "posit'ions"


@pytest.mark.parametrize("change", [without_positions, without_a_column, twice, renamed])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_that_leaves_out_a_table_or_a_column_or_has_one_twice_is_refused(
    sqlite_url: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    kind: str,
    change: Callable[[list[Any]], None],
) -> None:
    live(sqlite_url)
    backup = back_up(sqlite_url, tmp_path / "backup.zip")
    url = f"sqlite:///{tmp_path}/new.db" if kind == "sqlite" else request.getfixturevalue("migrated_url")
    with pytest.raises(Unhonoured, match=r"not whole.*posit'?ions.*Nothing was restored"):
        restore(rewritten(backup, tmp_path, change), url, tmp_path)
    assert not (tmp_path / "new.db").exists()


def test_nothing_is_restored_over_a_database_on_which_another_folder_s_tradewire_runs(
    sqlite_url: str, tmp_path: Path
) -> None:
    live(sqlite_url)
    backup = back_up(sqlite_url, tmp_path / "backup.zip")
    running = lock_database(sqlite_url)
    assert running is not None
    with pytest.raises(DatabaseInUse, match="at work on the database"):
        restore(backup, sqlite_url, tmp_path)
    running.release()
    assert restore(backup, sqlite_url, tmp_path).aside is not None
