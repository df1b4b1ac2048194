"""The checkpoint outside the database: kept forward, never over a newer one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.ledger.checkpoint import Checkpoint, to_json
from tradewire.ledger.seal import seal
from tradewire.runtime.checkpoints import FILE, CheckpointKeeper, read
from tradewire.store.database import Store, open_store
from tradewire.store.schema import restorations
from tradewire.store.upgrade import upgrade
from tradewire.testing.clock import FakeClock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/tradewire.db"
    upgrade(url)
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def keeper(store: Store, tmp_path: Path) -> CheckpointKeeper:
    return CheckpointKeeper(store, FakeClock(), tmp_path, 3600)


def happen(store: Store, times: int = 1, *, sealed: bool = True) -> None:
    entry = Entry(at=FakeClock().now(), kind=EntryKind.ENGINE_STARTED)
    store.write_now(lambda conn: append(conn, [entry] * times))
    if sealed:
        store.write_now(seal)


def held(store: Store) -> int:
    return len(store.read_now(lambda conn: conn.execute(select(restorations)).all()))


def newer_than_any(tmp_path: Path) -> Checkpoint:
    kept = Checkpoint(number=1000, hash="ab" * 32, at=FakeClock().now(), store_id="elsewhere")
    (tmp_path / FILE).write_text(to_json(kept))
    return kept


def test_nothing_is_kept_of_an_empty_ledger(keeper: CheckpointKeeper, tmp_path: Path) -> None:
    keeper.keep()
    assert not (tmp_path / FILE).exists()


def test_the_newest_sealed_entry_is_kept_for_the_owner_alone(
    store: Store, keeper: CheckpointKeeper, tmp_path: Path
) -> None:
    happen(store, 3)
    keeper.keep()
    happen(store, 2)
    keeper.keep()
    kept = read(tmp_path / FILE)
    assert kept is not None
    assert kept.number == 5
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_checkpoint_that_the_database_does_not_hold_is_never_overwritten(
    store: Store, keeper: CheckpointKeeper, tmp_path: Path
) -> None:
    kept = newer_than_any(tmp_path)
    happen(store, 3)
    keeper.keep()
    assert read(tmp_path / FILE) == kept


def test_an_older_database_is_held_at_start(store: Store, keeper: CheckpointKeeper, tmp_path: Path) -> None:
    newer_than_any(tmp_path)
    happen(store)
    asyncio.run(keeper.compare())
    assert held(store) == 1


def test_a_database_that_holds_it_starts_as_ever(
    store: Store, keeper: CheckpointKeeper, tmp_path: Path
) -> None:
    asyncio.run(keeper.compare())
    happen(store)
    keeper.keep()
    happen(store)
    asyncio.run(keeper.compare())
    assert held(store) == 0


def test_at_the_end_everything_is_sealed_and_kept(
    store: Store, keeper: CheckpointKeeper, tmp_path: Path
) -> None:
    keeper.start()
    happen(store, 7, sealed=False)
    keeper.stop()
    kept = read(tmp_path / FILE)
    assert kept is not None
    assert kept.number == 7


def test_a_file_that_is_no_checkpoint_is_refused_in_words(keeper: CheckpointKeeper, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(Unhonoured, match="cannot be read"):
        asyncio.run(keeper.compare())
