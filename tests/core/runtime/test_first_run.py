"""What an empty folder gets, once and whole."""

import asyncio
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradewire.contract.errors import Unhonoured
from tradewire.domain.algorithm import AlgorithmState
from tradewire.runtime.core import Core, open_core
from tradewire.runtime.first_run import SAMPLE, prepare
from tradewire.runtime.folder import DataFolder
from tradewire.services.accounts import NewAccount
from tradewire.settings import ServerSettings, Settings, SignalSettings
from tradewire.testing.clock import FakeClock

SAMPLES = Path(__file__).parents[3] / "strategies"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    settings = Settings(server=ServerSettings(port=0))
    opened = open_core(DataFolder(tmp_path), settings, FakeClock(), engine=False)
    yield opened
    opened.close()


def test_where_the_settings_say_so_no_copy_of_a_key_is_kept(tmp_path: Path) -> None:
    settings = Settings(signals=SignalSettings(revealable_keys=False))
    opened = open_core(DataFolder(tmp_path), settings, FakeClock(), engine=False)
    made = asyncio.run(opened.services.keys.create("main", "tradingview", "test"))
    opened.close()
    assert not made.key.revealable


def test_an_installed_tradewire_has_the_text_of_the_sample() -> None:
    assert (SAMPLES / "my_strategy_1.toml").read_text() == SAMPLE


def test_the_sample_follows_its_message_until_it_is_stopped() -> None:
    sample = tomllib.loads(SAMPLE)
    assert sample["dynamic"] == {"symbol": True, "action": True, "quantity": True, "order": True}
    assert (sample["validity"], sample["allow_shorts"]) == ({"kind": "gtc"}, True)


def test_an_empty_store_gets_an_account_a_started_algorithm_and_a_key(core: Core) -> None:
    async def run() -> None:
        standing = await prepare(core)
        assert standing.first
        assert (standing.secret or "").startswith("tw_live_")
        (account,) = await core.services.accounts.list()
        assert (account.name, account.broker, account.config) == ("paper", "paper", {"starting_cash": 100000})
        (algorithm,) = await core.services.algorithms.list()
        assert (algorithm.name, algorithm.state) == ("my_strategy_1", AlgorithmState.STARTED)

    asyncio.run(run())


def test_where_the_port_is_taken_nothing_is_made_and_no_key_is_lost(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(server=ServerSettings(port=other.getsockname()[1]))
        opened = open_core(DataFolder(tmp_path), settings, FakeClock(), engine=False)
        with pytest.raises(Unhonoured, match="--port"):
            asyncio.run(prepare(opened))
        keys = asyncio.run(opened.services.keys.list())
        opened.close()
    assert not keys


def test_with_a_certificate_that_cannot_be_read_nothing_is_made(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    settings = Settings(server=ServerSettings(port=0, ssl_cert=missing, ssl_key=missing))
    opened = open_core(DataFolder(tmp_path), settings, FakeClock(), engine=False)
    with pytest.raises(Unhonoured, match=r"missing\.pem"):
        asyncio.run(prepare(opened))
    keys = asyncio.run(opened.services.keys.list())
    opened.close()
    assert not keys


def test_a_second_run_touches_nothing_and_knows_no_secret(core: Core) -> None:
    async def run() -> None:
        await prepare(core)
        again = await prepare(core)
        assert (again.first, again.secret) == (False, None)
        assert (again.connection, again.strategy_id) == ("main", "my_strategy_1")
        assert len(await core.services.keys.list()) == 1

    asyncio.run(run())


def test_a_first_run_that_was_killed_is_finished(core: Core) -> None:
    async def run() -> None:
        await core.services.accounts.add(NewAccount(name="paper", broker="paper"), "first run")
        await core.services.algorithms.add(SAMPLE, "first run")
        assert (await prepare(core)).first
        (algorithm,) = await core.services.algorithms.list()
        assert algorithm.state is AlgorithmState.STARTED

    asyncio.run(run())


def test_what_a_user_has_set_up_is_left_as_it_is(core: Core) -> None:
    async def run() -> None:
        await core.services.accounts.add(NewAccount(name="mine", broker="paper"), "owner")
        standing = await prepare(core)
        assert (standing.first, standing.connection, standing.strategy_id) == (False, None, None)
        assert [one.name for one in await core.services.accounts.list()] == ["mine"]

    asyncio.run(run())


def test_the_secret_stands_in_no_repr(core: Core) -> None:
    standing = asyncio.run(prepare(core))
    assert standing.secret is not None
    assert standing.secret not in repr(standing)
