"""What every test may ask for: a database on either kind of store, and servers, started when first used."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL. A test that kills or stops one starts its own."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database of its own with all tables on it."""
    url = postgres.create(migrated=True)
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty Tradewire with all tables on it; every test that asks for it runs on both kinds of store."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    from tradewire.store.upgrade import upgrade

    url = f"sqlite:///{tmp_path}/tradewire.db"
    upgrade(url)
    return url


def in_ci() -> bool:
    return bool(os.environ.get("CI"))
