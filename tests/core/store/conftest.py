"""A store on a fresh database with one table, and units of work for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import Connection, text

from servers.postgres import Postgres
from tradewire.store import upgrade as upgrading
from tradewire.store.database import Store, open_store
from tradewire.store.migrations import scripts

Add = Callable[[str], Callable[[Connection], str]]

_NUMBERED = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "bigserial PRIMARY KEY"}


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tradewire.db"


@pytest.fixture
def scratch_url(postgres: Postgres) -> str:
    """A PostgreSQL database without any tables."""
    return postgres.scratch()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database without any tables, of either kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "scratch_url"))


def create_notes(connection: Connection) -> None:
    kind = _NUMBERED[connection.dialect.name]
    connection.execute(text(f"CREATE TABLE notes (place {kind}, word TEXT UNIQUE)")).close()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    store.write_now(create_notes)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    store.write_now(create_notes)
    yield store
    store.close()


@pytest.fixture
def postgres_store(scratch_url: str) -> Iterator[Store]:
    store = open_store(scratch_url)
    store.write_now(create_notes)
    yield store
    store.close()


@pytest.fixture
def add() -> Add:
    """`add(word)` is a unit that inserts `word` and returns it."""

    def add(word: str) -> Callable[[Connection], str]:
        def unit(connection: Connection) -> str:
            connection.execute(text("INSERT INTO notes (word) VALUES (:word)"), {"word": word})
            return word

        return unit

    return add


def words_in(store: Store) -> list[str]:
    """All that is stored, in the order it was written."""
    return list(
        store.read_now(
            lambda connection: connection.scalars(text("SELECT word FROM notes ORDER BY place")).all()
        )
    )


@pytest.fixture
def words(store: Store) -> Callable[[], list[str]]:
    return lambda: words_in(store)


SECOND = """
from alembic import op

revision = "9001"
down_revision = "{newest}"


def upgrade() -> None:
    op.execute("CREATE TABLE further (id INTEGER)")
    {last}
"""


@pytest.fixture
def with_a_second_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Add a migration whose last line is given."""

    def add(last: str) -> None:
        newest, folder = scripts.newest(), tmp_path / "migrations"
        shutil.copytree(Path(scripts.__file__).parent, folder)
        (folder / "versions" / "9001_further.py").write_text(SECOND.format(newest=newest, last=last))
        original = scripts.configuration

        def configuration(connection: Connection | None = None) -> Config:
            config = original(connection)
            config.set_main_option("script_location", str(folder))
            return config

        monkeypatch.setattr(scripts, "configuration", configuration)
        monkeypatch.setattr(upgrading, "configuration", configuration)

    return add
