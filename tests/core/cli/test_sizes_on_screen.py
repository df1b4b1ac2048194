"""The Signal Log and the orders show a size with what it is in, at 80 columns."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from core.services.history import BLOCKED, FILLED, PARENTS, live_through
from tradewire.domain.message import Action, Message, Sentiment
from tradewire.domain.size import SizeKind
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by, algorithm_by
from tradewire.store.database import open_store
from tradewire.store.schema import parent_orders, signals
from tradewire.testing.clock import FakeClock


@pytest.fixture(autouse=True)
def in_money(cli: Cli, folder: DataFolder) -> None:
    """One signal for 1,000 USD, which became 10 shares; one for 10 % of equity, which was never sized."""
    file = folder.path / "breakout.toml"
    file.write_text(ALGORITHM)
    cli("account", "add", "paper")
    cli("algorithm", "add", str(file))

    def unit(conn: Any) -> None:
        live_through(conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, FakeClock().now())
        for signal, size, kind, quantity in (
            (FILLED, 1000, SizeKind.NOTIONAL, 10),
            (BLOCKED, 10, SizeKind.PERCENT_OF_EQUITY, None),
        ):
            message = Message(
                strategy_id="breakout",
                symbol="AAPL",
                action=Action.BUY,
                quantity=Decimal(size),
                quantity_kind=kind,
            )
            conn.execute(update(signals).where(signals.c.id == signal).values(message=message))
            asked = {
                "size": Decimal(size),
                "size_kind": kind.value,
                "quantity": quantity and Decimal(quantity),
            }
            conn.execute(update(parent_orders).where(parent_orders.c.id == PARENTS[signal]).values(**asked))

    store = open_store(folder.database_url)
    store.write_now(unit)
    store.close()


def test_a_signal_in_money_is_not_shown_as_so_many_shares(cli: Cli) -> None:
    shown = cli("signals").out
    assert "BUY AAPL for $1,000 · breakout" in shown
    assert "BUY AAPL for 10 % of equity · breakout" in shown
    assert "BUY 10 AAPL · breakout" in shown
    assert "BUY 1000 AAPL" not in shown


def test_a_signal_shows_the_position_that_is_wanted(cli: Cli, folder: DataFolder) -> None:
    wanted = {
        FILLED: Message(strategy_id="breakout", symbol="AAPL", target=Decimal(-7)),
        BLOCKED: Message(
            strategy_id="breakout",
            symbol="AAPL",
            action=Action.SELL,
            quantity=Decimal(5),
            sentiment=Sentiment.SHORT,
        ),
    }
    store = open_store(folder.database_url)
    for signal, message in wanted.items():
        change = update(signals).where(signals.c.id == signal).values(message=message)
        store.write_now(lambda conn, change=change: conn.execute(change))
    store.close()
    shown = cli("signals").out
    assert " AAPL, wanted -7 · breakout" in shown
    assert " SELL 5 AAPL, wanted short · breakout" in shown


def test_an_order_shows_its_quantity_and_what_it_was_asked_for(cli: Cli) -> None:
    shown = cli("orders").out
    assert "buy 10 AAPL market for $1,000" in shown
    assert "buy AAPL for 10 % of equity market" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("sizing", "told"),
    [
        ('kind = "notional"\nvalue = 1000', "buy AAPL for 1000 in the instrument's currency"),
        ('kind = "risk"\nvalue = 50', "buy AAPL for 50 in the account's currency at risk"),
        ('kind = "percent_of_equity"\nvalue = 2', "buy AAPL for 2 % of equity"),
        ("value = 3", "buy 3 AAPL"),
    ],
)
def test_an_algorithm_tells_what_it_orders_and_what_that_is_in(
    cli: Cli, folder: DataFolder, sizing: str, told: str
) -> None:
    file = folder.path / "sized.toml"
    stop = '\nstop_percent = 3\nstop = "size_only"' if "risk" in sizing else ""
    without = ALGORITHM.replace("quantity = 10\n", "").replace('"breakout"', '"sized"')
    file.write_text(f"{without}\n[sizing]\n{sizing}{stop}\n")
    assert cli("algorithm", "add", str(file)).err == ""
    assert told in " ".join(cli("algorithm", "show", "sized").out.split())
    listed = cli("algorithm", "list").out
    assert f" paper    {' '.join(told.split()[:3])}" in listed
    assert max(map(len, listed.splitlines())) <= 80
