"""What every test may ask for: a database on either kind of store, and servers, started when first used."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import structlog
from hypothesis import settings

from servers.machine import Server
from servers.postgres import Postgres
from servers.rabbitmq import RabbitMq, skip_without_rabbitmq
from servers.valkey import Valkey
from starting_points import empty_database

AnyServer = TypeVar("AnyServer", bound=Server)
#: How secrets that tests make begin; the middle of one that was cut or shouted counts as well.
_SECRETS = ("tw_live_", "TW_LIVE_", "tw_api_", "$argon2", "gAAAA")

# How long an example takes says nothing on a machine that does other things as well.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


#: As Tradewire itself has it once it is ready. Python's own 700 is a fifth of what all tests take.
_COLLECTED_AFTER = (20_000, 20, 20)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no search for garbage need go through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What may take longer than others begins first in each process, so that none is left alone with it."""
    usual = float(config.getini("timeout") or 0)
    long: dict[str, list[pytest.Item]] = {}
    rest = []
    for item in items:
        allowed = item.get_closest_marker("timeout")
        if allowed is not None and allowed.args[0] > usual:
            long.setdefault(_made_of(item), []).append(item)
        else:
            rest.append(item)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    # Each process begins with a share of all that stand side by side, and takes over from others later.
    size = -(-len(items) // processes)
    items.clear()
    for number in range(processes):
        mine = [item for group in list(long.values())[number::processes] for item in group]
        share = max(0, size - len(mine))
        items += [*mine, *rest[:share]]
        del rest[:share]
    items += rest


def _made_of(item: pytest.Item) -> str:
    """Tests of one file stay together, or those of one case of it: they ask for what takes long to make."""
    return f"{item.path}[{item.callspec.id if hasattr(item, 'callspec') else ''}]"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Keys and the like are made anew for each run, and every process of a run must name its tests alike."""
    if isinstance(val, str) and len(val) > 20 and any(mark in val for mark in _SECRETS):
        return "secret"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged goes from process to process as UTF-8, and half a character has none."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands that a test runs in its own process turn the log to the test's stderr, which ends with it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL. A test that kills or stops one starts its own."""
    yield from _running(Postgres())


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty Tradewire with all tables on it."""
    return postgres.emptied()


@pytest.fixture
def own_postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database without any tables, for the test alone."""
    url = postgres.create(migrated=False)
    yield url
    postgres.drop(url)


@pytest.fixture
def sqlite_database_url(tmp_path: Path) -> str:
    """An empty Tradewire with all tables on it, in a file."""
    return f"sqlite:///{empty_database(tmp_path / 'tradewire.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same on either kind of store; a test that asks for it runs on both, unless it is `ON_SQLITE`."""
    return str(
        request.getfixturevalue("sqlite_database_url" if request.param == "sqlite" else "postgres_url")
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest) -> dict[str, str]:
    """What a Tradewire's environment says of its database: nothing, or where PostgreSQL is; both in turn."""
    if request.param == "sqlite":
        return {}
    return {"TRADEWIRE_DATABASE_URL": str(request.getfixturevalue("postgres_url"))}


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The session's Valkey; whoever uses it flushes it first. One that is killed or frozen is one's own."""
    yield from _running(Valkey())


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMq]:
    """The session's RabbitMQ, where the machine has it; in CI it is there, or the test fails."""
    skip_without_rabbitmq()
    yield from _running(RabbitMq())


def _running(server: AnyServer) -> Iterator[AnyServer]:
    try:
        server.start()
        yield server
    finally:
        server.remove()
