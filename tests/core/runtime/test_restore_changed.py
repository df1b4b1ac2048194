"""Somebody changed a backup and made its checksums anew: it is refused in a sentence."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from core.runtime.test_restore_anywhere import back_up, live, on, restore
from servers.postgres import Postgres
from tradewire.contract.errors import Unhonoured
from tradewire.domain.account import Account
from tradewire.services.backup import rows
from tradewire.store.schema import accounts
from tradewire.testing.clock import FakeClock

Change = Callable[[list[list[Any]], list[str]], None]


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    url = f"sqlite:///{folder}/tradewire.db"
    live(url)
    now = FakeClock().now()
    account = Account(id="account", name="mine", broker="paper", created_at=now)
    row = {"id": account.id, "name": account.name, "document": account, "created_at": now}
    on(url, lambda store: store.write_now(lambda conn: conn.execute(insert(accounts).values(row)).close()))
    return back_up(url, folder / "backup.zip")


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create(migrated=False)
    yield url
    postgres.drop(url)


def changed(backup: Path, to: Path, table: str, change: Change) -> Path:
    """A copy with other rows in a table, and with a checksum that holds."""
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    [entry] = [one for one in manifest["tables"] if one["name"] == table]
    lines = [json.loads(line) for line in members[f"tables/{table}.jsonl"].splitlines()]
    change(lines, [one["name"] for one in entry["columns"]])
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    entry |= {"rows": len(lines), "sha256": hashlib.sha256(content).hexdigest()}
    members |= {f"tables/{table}.jsonl": content, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(to, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return to


def twice(lines: list[list[Any]], columns: list[str]) -> None:
    lines.append(lines[0])


def with_value(column: str, value: object) -> Change:
    def change(lines: list[list[Any]], columns: list[str]) -> None:
        lines[0][columns.index(column)] = value

    return change


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("parent_orders", twice),
        ("ledger_entries", twice),
        ("parent_orders", with_value("id", None)),
        ("parent_orders", with_value("state", "nonsense")),
        ("parent_orders", with_value("leg", 2**70)),
        ("parent_orders", with_value("created_at", "2026-01-01T00:00:00")),
        ("parent_orders", with_value("filled", "NaN")),
        ("parent_orders", with_value("filled", "1e999999")),
        ("child_orders", with_value("parent_id", "f" * 32)),
        ("child_orders", with_value("side", "sideways")),
        ("accounts", with_value("document", "AAAA")),
    ],
    ids=[
        "an order twice",
        "an entry twice",
        "no id",
        "no such state",
        "too high",
        "no zone",
        "no number",
        "too large",
        "no parent",
        "no side",
        "no document",
    ],
)
def test_rows_that_no_tradewire_writes_are_refused_with_their_table(
    backup: Path, target: str, tmp_path: Path, table: str, change: Change
) -> None:
    file = changed(backup, tmp_path / "changed.zip", table, change)
    with pytest.raises(Unhonoured, match=f"its table {table} holds rows that no Tradewire writes"):
        restore(file, target, tmp_path)


def test_one_whose_checksums_were_only_made_anew_is_restored(
    backup: Path, target: str, tmp_path: Path
) -> None:
    file = changed(backup, tmp_path / "same.zip", "parent_orders", lambda lines, columns: None)
    assert restore(file, target, tmp_path).restored.rows


def test_a_failing_database_is_not_taken_for_a_changed_backup() -> None:
    with pytest.raises(OSError, match="gone"), rows.storable("signals"):
        raise OSError("gone")
