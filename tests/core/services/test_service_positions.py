"""Positions and profit, with what is missing shown as missing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services.history import hold
from tradewire.services.positions import Grouping, Market, PositionView, totals_of
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


class Prices(Market):
    def __init__(self, marks: dict[str, str], rates: dict[str, str]) -> None:
        self.marks = marks
        self.rates = rates

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        return Decimal(self.marks[instrument_id]) if instrument_id in self.marks else None

    def rate(self, currency: str, base: str) -> Decimal | None:
        return Decimal(self.rates[currency]) if currency in self.rates else None


@pytest.fixture
def held(store: Store, clock: FakeClock, paper: str, breakout: str) -> None:
    at = clock.now()

    def unit(conn: Any) -> None:
        hold(conn, paper, breakout, "AAPL", "10", "1872.5", fees="1.5", realised="20", at=at)
        hold(conn, paper, "", "AAPL", "-4", "-760", at=at)
        hold(conn, paper, breakout, "SAP", "2", "300", currency="EUR", at=at)
        hold(conn, paper, breakout, "MSFT", "0", "0", realised="7", at=at)

    store.write_now(unit)


@pytest.mark.usefixtures("held")
def test_profit_is_realised_and_open_less_fees_in_the_base_currency(
    make: Callable[..., Services], run: Run
) -> None:
    services = make(market=Prices({"AAPL": "190", "SAP": "160"}, {"EUR": "1.1"}))
    found = run(services.positions.list(algorithm="breakout"))
    apple, sap = found.items
    assert (apple.average_cost, apple.unrealised, apple.profit) == ("187.25", "27.5", "46")
    assert (sap.unrealised, sap.profit, sap.currency, sap.base_currency) == ("20", "22", "EUR", "USD")
    (total,) = found.totals
    assert (total.realised, total.unrealised, total.fees, total.profit) == ("27", "49.5", "1.5", "75")
    assert total.complete


@pytest.mark.usefixtures("held")
def test_a_missing_mark_or_rate_is_shown_as_missing(services: Services, run: Run) -> None:
    found = run(services.positions.list(algorithm="breakout"))
    assert [one.unrealised for one in found.items] == [None, None]
    assert [one.profit for one in found.items] == [None, None]
    (total,) = found.totals
    assert not total.complete
    assert total.missing == ("AAPL: no price", "SAP: no rate from EUR to USD")


@pytest.mark.usefixtures("held")
def test_an_accounts_position_is_the_sum_of_its_holders(make: Callable[..., Services], run: Run) -> None:
    services = make(market=Prices({"AAPL": "190"}, {}))
    apple = run(services.positions.list(by=Grouping.ACCOUNT)).items[0]
    assert (apple.algorithm, apple.quantity, apple.unrealised) == (None, "6", "27.5")


@pytest.mark.usefixtures("held")
def test_what_no_algorithm_accounts_for_is_named_so(services: Services, run: Run) -> None:
    names = [one.algorithm for one in run(services.positions.list()).items]
    assert "(unattributed)" in names


@pytest.mark.usefixtures("held")
def test_flat_positions_are_left_out_but_counted(services: Services, run: Run) -> None:
    assert "MSFT" not in [one.symbol for one in run(services.positions.list()).items]
    assert "MSFT" in [one.symbol for one in run(services.positions.list(flat=True)).items]


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(amounts, amounts, amounts), max_size=8))
def test_totals_add_up_exactly(rows: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    views = [_view(*row) for row in rows]
    for total in totals_of(views):
        assert Decimal(total.profit) == sum((a + b - c for a, b, c in rows), Decimal(0))
        assert Decimal(total.profit) == Decimal(total.realised) + Decimal(total.unrealised) - Decimal(
            total.fees
        )


def _view(realised: Decimal, unrealised: Decimal, fees: Decimal) -> PositionView:
    from datetime import UTC, datetime

    from tradewire.domain.quantity import canonical

    return PositionView(
        account="a",
        algorithm="b",
        symbol="S",
        instrument_id="S",
        currency="USD",
        quantity="1",
        average_cost="1",
        mark="1",
        realised=canonical(realised),
        fees=canonical(fees),
        unrealised=canonical(unrealised),
        base_currency="USD",
        rate="1",
        profit="0",
        updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
