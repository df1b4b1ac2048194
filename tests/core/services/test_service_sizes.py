"""A size is told as what it is: units, money with its currency, per cent of something."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from core.services.history import BLOCKED, FILLED, PARENTS, live_through
from tradewire.domain.message import Action, Message, Sentiment
from tradewire.domain.size import SizeKind
from tradewire.services.services import Services
from tradewire.services.sizes import size_told
from tradewire.store.database import Store
from tradewire.store.schema import parent_orders, signals
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("size", "kind", "currency", "told"),
    [
        ("1000", SizeKind.NOTIONAL, "USD", "$1,000"),
        ("2500.5", SizeKind.NOTIONAL, "USD", "$2,500.50"),
        ("1000", SizeKind.NOTIONAL, "EUR", "1,000 EUR"),
        ("1000", SizeKind.NOTIONAL, None, "1000 in the instrument's currency"),
        ("50", SizeKind.RISK, None, "50 in the account's currency at risk"),
        ("50", SizeKind.RISK, "USD", "$50 at risk"),
        ("10", SizeKind.PERCENT_OF_EQUITY, "USD", "10 % of equity"),
        ("50", SizeKind.PERCENT_OF_POSITION, None, "50 % of the position"),
        ("0.5", SizeKind.RISK_PERCENT, None, "0.5 % of equity at risk"),
        ("1000", None, "USD", "1000"),
        ("1000", SizeKind.QUANTITY, "USD", "1000"),
    ],
)
def test_a_size_says_what_it_is_in(size: str, kind: SizeKind | None, currency: str | None, told: str) -> None:
    assert size_told(Decimal(size), kind, currency) == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, None),
        ({"target": Decimal(-7)}, "-7"),
        ({"target": Decimal(0)}, "0"),
        ({"sentiment": Sentiment.SHORT}, "short"),
        ({"target": Decimal("1.5"), "sentiment": Sentiment.LONG}, "1.5"),
    ],
)
def test_a_signal_tells_the_position_that_is_wanted(
    services: Services, run: Run, store: Store, in_money: None, fields: dict[str, Any], told: str | None
) -> None:
    asked = Message(strategy_id="breakout", symbol="AAPL", **fields)
    store.write_now(
        lambda conn: conn.execute(update(signals).where(signals.c.id == FILLED).values(message=asked))
    )
    shown = {one.id: one for one in run(services.signals.list()).items}
    assert (shown[FILLED].wanted, shown[BLOCKED].wanted) == (told, None)


def test_no_size_is_told_as_none() -> None:
    assert size_told(None, SizeKind.NOTIONAL, "USD") is None


@pytest.fixture
def in_money(store: Store, paper: str, breakout: str, clock: FakeClock) -> None:
    """The first signal asked for 1,000 USD of AAPL, which became 10 shares."""
    asked = Message(
        strategy_id="breakout",
        symbol="AAPL",
        action=Action.BUY,
        quantity=Decimal(1000),
        quantity_kind=SizeKind.NOTIONAL,
    )

    def unit(conn: Any) -> None:
        live_through(conn, paper, breakout, clock.now())
        conn.execute(update(signals).where(signals.c.id == FILLED).values(message=asked))
        order = parent_orders.c.id == PARENTS[FILLED]
        conn.execute(update(parent_orders).where(order).values(size=Decimal(1000), size_kind="notional"))

    store.write_now(unit)


@pytest.mark.usefixtures("in_money")
def test_a_signal_and_its_order_tell_the_money_in_the_instruments_currency(
    services: Services, run: Run
) -> None:
    shown = {one.id: one for one in run(services.signals.list()).items}[FILLED]
    assert (shown.quantity, shown.quantity_kind, shown.size) == ("1000", "notional", "$1,000")
    order = {one.signal_id: one for one in run(services.orders.list()).items}[FILLED]
    assert (order.quantity, order.size) == ("10", "$1,000")
    story = run(services.stories.show(FILLED))
    [made] = [stage.text for stage in story.stages if stage.stage == "order"]
    assert made.startswith("entry buy 10 AAPL for $1,000.")


@pytest.mark.usefixtures("in_money")
def test_an_order_in_units_has_no_other_size(services: Services, run: Run) -> None:
    sizes = {one.size for one in run(services.orders.list()).items if one.signal_id != FILLED}
    assert sizes == {None}
