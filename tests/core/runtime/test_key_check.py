"""The key file of a database: made once, known again, and no other taken for it."""

from pathlib import Path

import pytest

from tradewire.contract.errors import Unhonoured
from tradewire.runtime.key_check import secrets_for
from tradewire.security.key_file import create_key_file, replace_key_file
from tradewire.store.database import Store, open_store


@pytest.fixture
def store(database_url: str):
    store = open_store(database_url)
    yield store
    store.close()


def test_it_is_made_with_the_database_and_known_again(store: Store, tmp_path: Path) -> None:
    made = secrets_for(store, tmp_path / "secret.key")
    again = secrets_for(store, tmp_path / "secret.key")
    assert again.unseal(made.seal(b"credentials")) == b"credentials"


def test_another_key_file_is_refused_and_a_missing_one_is_not_made(store: Store, tmp_path: Path) -> None:
    secrets_for(store, tmp_path / "secret.key")
    create_key_file(tmp_path / "other.key")
    with pytest.raises(Unhonoured, match="is not the one of this database"):
        secrets_for(store, tmp_path / "other.key")
    with pytest.raises(Unhonoured, match="There is no key file"):
        secrets_for(store, tmp_path / "missing.key")
    assert not (tmp_path / "missing.key").exists()


def test_a_key_file_with_a_new_sealing_key_is_still_the_databases(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    made = secrets_for(store, path)
    sealed_before = made.seal(b"credentials")
    replace_key_file(path, made.rotated())
    again = secrets_for(store, path)
    assert again.unseal(sealed_before) == b"credentials"
    with pytest.raises(Unhonoured):
        made.unseal(again.seal(b"credentials"))


def test_a_process_that_was_slower_removes_the_key_file_it_made(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets_for(store, tmp_path / "quicker.key")
    monkeypatch.setattr("tradewire.runtime.key_check._stored_before", lambda store: None)
    with pytest.raises(Unhonoured, match="is not the one of this database"):
        secrets_for(store, tmp_path / "slower.key")
    assert not (tmp_path / "slower.key").exists()
