import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tradewire import (
    Accepted,
    AccountConfig,
    Found,
    HealthState,
    OrderRequest,
    OrderType,
    Rejected,
    Session,
    Unhonoured,
)
from tradewire.testing import LentEnv, MemoryState, builders, load
from tradewire.testing.contracts import BrokerContract
from tradewire_notebook.notebook import Notebook
from tradewire_notebook.symbols import read, ticker

PRICES = "symbol,price,asset_class,currency,lot\nAAPL,185.20\nBTC/USD,64000,crypto,USD,0.0001\n"


@pytest.fixture
def account(tmp_path: Path) -> AccountConfig:
    (tmp_path / "prices.csv").write_text(PRICES, encoding="utf-8")
    return builders.account(prices=str(tmp_path / "prices.csv"), file=str(tmp_path / "notebook.csv"))


class TestContract(BrokerContract):
    broker = Notebook()

    @pytest.fixture(autouse=True)
    def _files(self, account: AccountConfig) -> None:
        self.given = account

    def account(self) -> AccountConfig:
        return self.given


class Doubtful(MemoryState):
    """Stores what it is given, and does not say so."""

    async def put(self, entries: Mapping[str, bytes | None]) -> None:
        await super().put(entries)
        raise OSError("the database went away")


def traded(account: AccountConfig, env: LentEnv, *client_ids: str, **order: object) -> list[object]:
    """What a session answers to an order for each of the ids."""

    async def work() -> list[object]:
        session = await Notebook().open(account, env)
        answers: list[object] = [
            await session.submit(await _order(session, one, **order)) for one in client_ids
        ]
        await session.close()
        return answers

    return asyncio.run(work())


async def _order(session: Session, client_id: str, **fields: object) -> OrderRequest:
    (apple,) = await session.resolve("NASDAQ:AAPL")
    return builders.order_request(client_id * 32, instrument=apple, **fields)


def lines(account: AccountConfig) -> list[list[str]]:
    text = Path(account.config["file"]).read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()]


def replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def test_an_order_is_a_line_of_the_notebook(account: AccountConfig) -> None:
    traded(account, LentEnv(), "a")
    assert lines(account)[1] == [
        "2026-03-02T14:30:00.000Z", "1", "buy", "10", "AAPL", "185.20", "USD", "a" * 32
    ]  # fmt: skip


def test_a_notebook_that_was_lost_is_written_anew(account: AccountConfig) -> None:
    env = LentEnv()
    traded(account, env, "a", "b")
    Path(account.config["file"]).unlink()
    traded(account, env, "b", "c")
    assert [line[1] for line in lines(account)[1:]] == ["1", "2", "3"]


def test_what_was_written_without_an_answer_is_found_and_never_written_twice(account: AccountConfig) -> None:
    async def work() -> None:
        session = await Notebook().open(account, LentEnv(Doubtful()))
        with pytest.raises(OSError, match="went away"):
            await session.submit(await _order(session, "a"))
        assert isinstance(await session.find("a" * 32, builders.NOW), Found)
        assert isinstance(await session.submit(await _order(session, "a")), Accepted)
        (held,) = await session.positions()
        assert held.quantity == 10
        await session.close()

    asyncio.run(work())


def test_a_copy_that_cannot_be_written_is_told_and_the_order_stands(account: AccountConfig) -> None:
    async def work() -> None:
        session = await Notebook().open(account, LentEnv())
        replaced_by_a_folder(Path(account.config["file"]))
        assert isinstance(await session.submit(await _order(session, "a")), Accepted)
        assert session.health() is HealthState.DEGRADED
        await session.close()

    asyncio.run(work())


def test_a_limit_order_is_refused(account: AccountConfig) -> None:
    (answer,) = traded(account, LentEnv(), "a", order_type=OrderType.LIMIT, limit_price=Decimal(1))
    assert isinstance(answer, Rejected)
    assert len(lines(account)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AAPL,0", "line 1: the price is a number above 0"),
        ("symbol,price\nAAPL,cheap", "line 2: the price is a number above 0"),
        ("AAPL,1,house", '"house" is not one of stock, crypto'),
        ("AAPL,1,stock,USD,1,2", "there are 6 columns"),
        ("AAPL", "the price is a number above 0"),
    ],
)
def test_a_price_file_that_makes_no_sense_is_refused_by_its_line(
    account: AccountConfig, text: str, said: str
) -> None:
    Path(account.config["prices"]).write_text(text, encoding="utf-8")
    with pytest.raises(Unhonoured, match=said):
        traded(account, LentEnv())


def test_files_that_cannot_be_used_are_refused_in_words(account: AccountConfig, tmp_path: Path) -> None:
    with pytest.raises(Unhonoured, match="cannot be read"):
        traded(builders.account(prices=str(tmp_path / "none.csv"), file=account.config["file"]), LentEnv())
    with pytest.raises(Unhonoured, match="cannot be written: Is a directory"):
        traded(builders.account(prices=account.config["prices"], file=str(tmp_path)), LentEnv())


def test_tickers_lose_their_exchange(account: AccountConfig) -> None:
    assert ticker(" nasdaq:AAPL ") == "AAPL"
    assert read(Path(account.config["prices"]), "EUR")["AAPL"].instrument.currency == "EUR"


def test_it_is_found_by_its_name() -> None:
    assert list(load("tradewire_notebook").brokers) == ["notebook"]
