"""A store on a fresh file with one table, and units of work for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tradewire.store.database import Store, open_store

Add = Callable[[str], Callable[[Connection], str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tradewire.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    store.write_now(
        lambda connection: connection.execute(text("CREATE TABLE notes (word TEXT UNIQUE)")).close()
    )
    yield store
    store.close()


@pytest.fixture
def add() -> Add:
    """`add(word)` is a unit that inserts `word` and returns it."""

    def add(word: str) -> Callable[[Connection], str]:
        def unit(connection: Connection) -> str:
            connection.execute(text("INSERT INTO notes VALUES (:word)"), {"word": word})
            return word

        return unit

    return add


@pytest.fixture
def words(store: Store) -> Callable[[], list[str]]:
    """All that is stored, in the order it was written."""
    return lambda: list(
        store.read_now(
            lambda connection: connection.scalars(text("SELECT word FROM notes ORDER BY rowid")).all()
        )
    )
