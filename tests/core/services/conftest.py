"""Services over a fresh store, with every built-in plugin and a clock that stands still."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tradewire.domain.session import SessionCalendar
from tradewire.plugins import Plugins
from tradewire.security.keyring import KeyTable
from tradewire.security.sealing import Secrets
from tradewire.services.services import Services, make_services
from tradewire.store.database import Store, open_store
from tradewire.testing.clock import FakeClock

ALGORITHM = """
name = "breakout"
account = "paper"
symbol = "AAPL"
side = "buy"
quantity = 10
blueprint = "market"
[signal]
id = "breakout"
[validity]
kind = "gtc"
[guardians.max_position]
quantity = 100
[guardians.max_order_notional]
notional = 5000
"""


class AlwaysOpen:
    """A shelf on which every calendar never closes."""

    async def get(self, name: str) -> SessionCalendar:
        return SessionCalendar(name="24/7")


class Rings:
    """Remembers who was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def route(self) -> None:
        self.rung.append("")

    def work(self, account_id: str) -> None:
        self.rung.append(account_id)


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins.discover()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def secrets() -> Secrets:
    return Secrets.new()


@pytest.fixture
def key_table(secrets: Secrets) -> KeyTable:
    return KeyTable(secrets.digest)


@pytest.fixture
def bells() -> Rings:
    return Rings()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def make(
    store: Store, clock: FakeClock, secrets: Secrets, key_table: KeyTable, plugins: Plugins, bells: Rings
) -> Callable[..., Services]:
    """`make(market=…, resolver=…)`: services with parts of an engine."""

    def made(**engine: Any) -> Services:
        return make_services(
            store=store,
            clock=clock,
            secrets=secrets,
            keys=key_table,
            plugins=plugins,
            calendars=AlwaysOpen(),
            version="0.0.1",
            bells=bells,
            **engine,
        )

    return made


@pytest.fixture
def services(make: Callable[..., Services]) -> Services:
    return make()


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """`run(coroutine)` to its end, all on one loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def paper(services: Services, run: Callable[..., Any]) -> str:
    """An account `paper`; its id."""
    from tradewire.services.accounts import NewAccount

    return str(run(services.accounts.add(NewAccount(name="paper", broker="paper"), "test")).id)


@pytest.fixture
def breakout(services: Services, run: Callable[..., Any], paper: str) -> str:
    """A stopped algorithm `breakout` on it; its id."""
    return str(run(services.algorithms.add(ALGORITHM, "test")).algorithm.id)
