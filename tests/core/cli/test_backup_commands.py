"""`tradewire backup` and `tradewire restore`, on a folder where nothing is running."""

import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from core.services.history import live_through
from tradewire.runtime.folder import DataFolder
from tradewire.security.key_file import create_key_file
from tradewire.services.naming import account_by, algorithm_by
from tradewire.store.database import open_store
from tradewire.store.migrations.scripts import newest
from tradewire.testing.clock import FakeClock

PASSPHRASE = "correct horse battery"
Typed = Callable[[str], None]


@pytest.fixture
def lived(cli: Cli, tmp_path: Path, folder: DataFolder) -> None:
    """Signals, orders, fills, and a key that can be revealed."""
    file = tmp_path / "breakout.toml"
    file.write_text(ALGORITHM)
    assert cli("account", "add", "paper").code == 0
    assert cli("algorithm", "add", str(file), "--start").code == 0
    assert cli("key", "new", "main").code == 0
    store = open_store(folder.database_url)
    store.write_now(
        lambda conn: live_through(
            conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, FakeClock().now()
        )
    )
    store.close()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.zip"


@pytest.fixture
def made(cli: Cli, lived: None, file: Path) -> Path:
    assert cli("backup", str(file)).code == 0
    return file


def contents(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that a restore leaves as it was."""
    with sqlite3.connect(database) as conn:
        names = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        changed = {"ledger_entries", "ledger_seals", "leases", "switches", "versions", "restorations"}
        found = {
            name: sorted(conn.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
            if name not in {*changed, "sqlite_sequence", "parent_orders"}
        }
    conn.close()
    return found


def test_a_backup_is_for_its_owner_alone_and_holds_every_table(made: Path, folder: DataFolder) -> None:
    assert made.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(made) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert "secret.key.sealed" not in archive.namelist()
    with sqlite3.connect(folder.database) as conn:
        counts = {
            table["name"]: conn.execute(f"SELECT count(*) FROM {table['name']}").fetchone()[0]
            for table in manifest["tables"]
        }
        names = {
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in ("alembic_version", "sqlite_sequence")
        }
    conn.close()
    assert {table["name"]: table["rows"] for table in manifest["tables"]} == counts
    assert counts.keys() == names


def test_a_backup_overwrites_nothing_and_leaves_no_half_of_one(cli: Cli, made: Path) -> None:
    before = made.read_bytes()
    again = cli("backup", str(made))
    assert (again.code, "overwrites nothing" in again.err) == (1, True)
    assert made.read_bytes() == before
    assert [path.name for path in made.parent.iterdir() if "part" in path.name] == []


def test_what_was_backed_up_stands_there_after_a_restore(
    cli: Cli, made: Path, folder: DataFolder, tmp_path: Path
) -> None:
    before = contents(folder.database)
    cli("key", "new", "later")
    told = cli("restore", str(made), "--yes")
    assert (told.code, told.err) == (0, "")
    assert "Every account is halted" in told.out
    assert contents(folder.database) == before
    [aside] = folder.path.glob("tradewire.db.before-restore-*")
    assert ("later",) in sqlite3.connect(aside).execute("SELECT connection FROM keys").fetchall()
    assert folder.database.stat().st_mode & 0o777 == 0o600
    assert cli("audit", "verify").code == 0
    assert "was restored" in cli("status").out


def test_nothing_is_replaced_unasked(cli: Cli, made: Path, folder: DataFolder, typed: Typed) -> None:
    before = folder.database.read_bytes()
    typed("")
    refused = cli("restore", str(made))
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert folder.database.read_bytes() == before


def test_a_password_on_the_command_line_is_refused_and_not_repeated(cli: Cli, made: Path) -> None:
    refused = cli("restore", str(made), "--yes", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/db")
    assert (refused.code, "TRADEWIRE_DATABASE_URL" in refused.err) == (2, True)
    assert "hunter2" not in refused.err
    refused = cli("restore", str(made), "--yes", "--database-url", "postgresql://me@127.0.0.1:1/db")
    assert (refused.code, "No PostgreSQL server answers" in refused.err) == (1, True)


def test_another_machine_needs_the_key_file(cli: Cli, made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    refused = cli("restore", str(made), "--data", str(other))
    assert (refused.code, "no key file" in refused.err) == (1, True)
    assert not (other / "tradewire.db").exists()


def test_the_wrong_key_file_is_noticed_before_anything_is_replaced(
    cli: Cli, made: Path, tmp_path: Path
) -> None:
    other = DataFolder(tmp_path / "other")
    other.create()
    create_key_file(other.key_file)
    refused = cli("restore", str(made), "--data", str(other.path))
    assert (refused.code, "not the one" in refused.err) == (1, True)
    assert not other.database.exists()


def test_without_the_key_file_it_can_be_meant(cli: Cli, made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    told = cli("restore", str(made), "--data", str(other), "--without-key")
    assert (told.code, "made anew" in told.out) == (0, True)


def test_with_its_key_a_backup_is_all_that_another_machine_needs(
    cli: Cli, lived: None, file: Path, folder: DataFolder, tmp_path: Path, typed: Typed
) -> None:
    typed(PASSPHRASE)
    assert cli("backup", str(file), "--with-key").code == 0
    key = folder.key_file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        assert not any(key.splitlines()[-1] in archive.read(name) for name in archive.namelist())
    typed("another passphrase")
    other = DataFolder(tmp_path / "other")
    refused = cli("restore", str(file), "--data", str(other.path))
    assert (refused.code, "does not open" in refused.err) == (1, True)
    typed(PASSPHRASE)
    assert cli("restore", str(file), "--data", str(other.path)).code == 0
    assert other.key_file.read_bytes() == key
    assert other.key_file.stat().st_mode & 0o777 == 0o600


def test_a_short_passphrase_is_refused(cli: Cli, lived: None, file: Path, typed: Typed) -> None:
    typed("short")
    refused = cli("backup", str(file), "--with-key")
    assert (refused.code, "at least 12" in refused.err) == (1, True)
    assert not file.exists()


@pytest.mark.parametrize("at", [0.3, 0.6, 0.99])
def test_a_backup_that_was_cut_short_is_refused(cli: Cli, made: Path, folder: DataFolder, at: float) -> None:
    whole = made.read_bytes()
    made.write_bytes(whole[: int(len(whole) * at)])
    before = folder.database.read_bytes()
    refused = cli("restore", str(made), "--yes")
    assert (refused.code, "not copied whole" in refused.err) == (1, True)
    assert folder.database.read_bytes() == before


def rewritten(made: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """The same backup with one of its files changed, and a zip's own checksums right again."""
    with zipfile.ZipFile(made) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    files[name] = change(files[name])
    with zipfile.ZipFile(made, "w") as archive:
        for one, content in files.items():
            archive.writestr(one, content)


def test_a_changed_row_is_noticed(cli: Cli, made: Path) -> None:
    rewritten(made, "tables/fills.jsonl", lambda content: content.replace(b'"187.25"', b'"187.26"'))
    refused = cli("restore", str(made), "--yes")
    assert (refused.code, "damaged in the table fills" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("central", "local", "value"), [(8, 6, 1), (10, 8, 99)], ids=["encrypted", "packed in another way"]
)
def test_a_backup_that_another_program_has_repacked_is_refused(
    cli: Cli, made: Path, central: int, local: int, value: int
) -> None:
    content = bytearray(made.read_bytes())
    for mark, offset in ((b"PK\1\2", central), (b"PK\3\4", local)):
        for place in [found.start() for found in re.finditer(mark, content)]:
            content[place + offset] = value
    made.write_bytes(content)
    refused = cli("restore", str(made), "--yes")
    assert (refused.code, "not a backup of Tradewire" in refused.err) == (1, True)


def test_a_backup_of_a_newer_tradewire_is_refused(cli: Cli, made: Path) -> None:
    rewritten(made, "manifest.json", lambda content: content.replace(f'"{newest()}"'.encode(), b'"9999"'))
    refused = cli("restore", str(made), "--yes")
    assert (refused.code, "revision 9999" in refused.err) == (1, True)


def test_a_newer_format_is_refused(cli: Cli, made: Path) -> None:
    rewritten(made, "manifest.json", lambda content: content.replace(b'"format": 1', b'"format": 2'))
    refused = cli("restore", str(made), "--yes")
    assert (refused.code, "newer Tradewire" in refused.err) == (1, True)


def test_a_ledger_that_was_changed_before_the_backup_is_restored_only_if_that_is_meant(
    cli: Cli, lived: None, file: Path, folder: DataFolder
) -> None:
    assert cli("audit", "checkpoint").code == 0
    with sqlite3.connect(folder.database) as conn:
        conn.execute("DROP TRIGGER ledger_entries_no_update")
        conn.execute("UPDATE ledger_entries SET body = replace(body, 'paper', 'paqer') WHERE seq = 1")
        conn.execute("UPDATE ledger_entries SET body = CAST(body AS BLOB)")
    conn.close()
    assert cli("backup", str(file)).code == 0
    refused = cli("restore", str(file), "--yes")
    assert (refused.code, "ledger in the backup was changed" in refused.err) == (1, True)
    told = cli("restore", str(file), "--yes", "--damaged")
    assert (told.code, "Entry 1" in told.out) == (0, True)


def test_a_restore_waits_for_no_running_tradewire(cli: Cli, made: Path, folder: DataFolder) -> None:
    with folder.lock():
        refused = cli("restore", str(made), "--yes")
    assert (refused.code, "running" in refused.err) == (1, True)


def test_a_json_line_says_what_was_held_back(cli: Cli, made: Path) -> None:
    told = json.loads(cli("restore", str(made), "--yes", "--json").out)
    assert told["held"]["paused"] == 1
    assert told["held"]["accounts"] == ["paper"]
    assert told["key"] == "folder"
