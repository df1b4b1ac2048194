"""How many units a size comes to: exact, rounded down, and never guessed."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.domain.instrument import AssetClass, Instrument
from tradewire.domain.order import ParentOrder, Purpose, Side
from tradewire.domain.protection import Protection
from tradewire.domain.size import SizeKind
from tradewire.engine.goals import SizingBasis, size_of
from tradewire.engine.sizing import Money, NoSize, Size
from tradewire.testing.clock import DEFAULT_START

AAPL = Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD")
MONEY = Money(
    price=Decimal("187.20"), equity=Decimal(100_000), rates=(Decimal(1), Decimal(1)), currency="USD"
)


def order(kind: SizeKind | None, size: str, side: Side = Side.BUY, **fields: Any) -> ParentOrder:
    values: dict[str, Any] = {
        "id": "p",
        "signal_id": "s",
        "algorithm_id": "a",
        "account_id": "acc",
        "purpose": Purpose.ENTRY,
        "symbol": "AAPL",
        "side": side,
        "size": Decimal(size),
        "size_kind": kind,
        "blueprint": "market",
        "created_at": DEFAULT_START,
    }
    return ParentOrder(**(values | fields))


def sized(parent: ParentOrder, own: int = 0, instrument: Instrument = AAPL, **money: Any) -> Size | NoSize:
    basis = SizingBasis(own=Decimal(own), unattributed=Decimal(0))
    return size_of(parent, basis, msgspec.structs.replace(MONEY, **money), instrument)


def quantity(parent: ParentOrder, **where: Any) -> Decimal:
    answer = sized(parent, **where)
    assert isinstance(answer, Size), answer
    return answer.quantity


STOP = {"stop_loss": Protection(stop_price=Decimal("180.00"))}


@pytest.mark.parametrize(
    ("kind", "size", "fields", "units", "told"),
    [
        (None, "10", {}, 10, None),
        (SizeKind.NOTIONAL, "5000", {}, 26, "5,000 USD at 187.2 = 26 AAPL"),
        (SizeKind.PERCENT_OF_EQUITY, "2", {}, 10, "2 % of equity 100,000 USD at 187.2 = 10 AAPL"),
        (
            SizeKind.PERCENT_OF_POSITION,
            "30",
            {},
            15,
            "30 % of the position of 50 = 15 AAPL",
        ),
        (SizeKind.RISK, "500", STOP, 69, "500 USD at risk, 7.2 from 187.2 to the stop = 69 AAPL"),
        (
            SizeKind.RISK_PERCENT,
            "1",
            STOP,
            138,
            "1 % of equity 100,000 USD at risk, 7.2 from 187.2 to the stop = 138 AAPL",
        ),
    ],
)
def test_each_kind_of_size(
    kind: SizeKind | None, size: str, fields: dict[str, Any], units: int, told: str | None
) -> None:
    answer = sized(order(kind, size, **fields), own=50)
    assert isinstance(answer, Size)
    assert (answer.quantity, answer.sized) == (units, told)


@pytest.mark.parametrize(
    ("protection", "side", "units"),
    [
        (Protection(stop_price=Decimal("194.40")), Side.SELL, 69),
        (Protection(percent=Decimal(10)), Side.BUY, 26),
        (Protection(amount=Decimal(5)), Side.BUY, 100),
        (Protection(trail_amount=Decimal(5)), Side.SELL, 100),
        (Protection(trail_percent=Decimal(10)), Side.BUY, 26),
    ],
)
def test_the_distance_to_the_stop_in_every_form(protection: Protection, side: Side, units: int) -> None:
    assert quantity(order(SizeKind.RISK, "500", side, stop_loss=protection)) == units


def test_the_algorithms_own_stop_counts_where_the_message_has_none() -> None:
    assert quantity(order(SizeKind.RISK, "500"), stop_percent=Decimal(10)) == 26
    assert quantity(order(SizeKind.RISK, "500", **STOP), stop_percent=Decimal(10)) == 69


@pytest.mark.parametrize(
    ("parent", "money", "reason"),
    [
        (order(SizeKind.NOTIONAL, "5000"), {"price": None}, "no_price"),
        (order(SizeKind.PERCENT_OF_EQUITY, "2"), {"price": None}, "no_price"),
        (order(SizeKind.PERCENT_OF_EQUITY, "2"), {"equity": None}, "no_equity"),
        (order(SizeKind.PERCENT_OF_EQUITY, "2"), {"equity": Decimal(-5)}, "no_equity"),
        (order(SizeKind.PERCENT_OF_EQUITY, "2"), {"rates": (None, Decimal(1))}, "no_rate"),
        (order(SizeKind.PERCENT_OF_EQUITY, "2"), {"rates": (Decimal(1), None)}, "no_rate"),
        (order(SizeKind.RISK, "500"), {}, "no_stop"),
        (order(SizeKind.RISK, "500", **STOP), {"price": None}, "no_price"),
        (order(SizeKind.RISK, "500", **STOP), {"rates": (None, Decimal(1))}, "no_rate"),
        (order(SizeKind.RISK_PERCENT, "1", **STOP), {"equity": None}, "no_equity"),
        (order(SizeKind.RISK, "500", Side.SELL, **STOP), {}, "stop_on_wrong_side"),
        (order(SizeKind.PERCENT_OF_POSITION, "30"), {}, "no_position"),
    ],
)
def test_what_cannot_be_worked_out_is_blocked_by_name(
    parent: ParentOrder, money: dict[str, Any], reason: str
) -> None:
    answer = sized(parent, **money)
    assert isinstance(answer, NoSize)
    assert (answer.reason, answer.blocked) == (reason, True)


def test_the_rates_lead_from_the_instruments_currency_to_the_accounts() -> None:
    """Equity in EUR at 1.10 USD, a share in GBP at 1.25 USD."""
    rates = (Decimal("1.25"), Decimal("1.10"))
    answer = sized(order(SizeKind.PERCENT_OF_EQUITY, "2"), currency="EUR", rates=rates)
    assert isinstance(answer, Size)
    assert answer.quantity == int(Decimal(2000) / (Decimal("187.20") * Decimal("1.25") / Decimal("1.10")))


def test_a_multiplier_of_the_contract_makes_fewer_of_them() -> None:
    future = msgspec.structs.replace(AAPL, multiplier=Decimal(50))
    assert quantity(order(SizeKind.NOTIONAL, "50000"), instrument=future) == 5
    assert quantity(order(SizeKind.RISK, "5000", **STOP), instrument=future) == 13


def test_the_accounts_multiplier_scales_before_the_rounding() -> None:
    half = {"multiplier": Decimal("0.5")}
    assert quantity(order(None, "11"), **half) == 5
    assert quantity(order(SizeKind.NOTIONAL, "5000"), **half) == 13
    answer = sized(order(None, "11"), **half)
    assert isinstance(answer, Size)
    assert answer.sized == "11, times 0.5 = 5 AAPL"


def test_too_little_is_refused_and_says_how_it_came_about() -> None:
    small = sized(order(SizeKind.NOTIONAL, "100"))
    assert isinstance(small, NoSize)
    assert small.reason == "below_lot"
    dear = msgspec.structs.replace(AAPL, min_notional=Decimal(1000))
    answer = sized(order(SizeKind.NOTIONAL, "900"), instrument=dear)
    assert isinstance(answer, NoSize)
    assert (answer.reason, answer.blocked) == ("too_small", True)
    assert "worth 748.8 USD" in answer.message


MONEYS = st.decimals("0.01", "10000000", places=2)
PRICES = st.decimals("0.0001", "100000", places=4)
LOTS = st.sampled_from([Decimal(1), Decimal("0.000001"), Decimal("0.1"), Decimal(100)])


@given(
    size=st.decimals("0.01", "100", places=2),
    equity=MONEYS,
    price=PRICES,
    rate=PRICES,
    lot=LOTS,
    multiplier=st.decimals("0.01", "10", places=2),
)
def test_a_size_in_equity_is_the_most_lots_that_it_pays(
    size: Decimal, equity: Decimal, price: Decimal, rate: Decimal, lot: Decimal, multiplier: Decimal
) -> None:
    instrument = msgspec.structs.replace(AAPL, lot=lot)
    money = {"equity": equity, "price": price, "rates": (rate, Decimal(1)), "multiplier": multiplier}
    answer = sized(order(SizeKind.PERCENT_OF_EQUITY, str(size)), instrument=instrument, **money)
    spend = Fraction(size) / 100 * Fraction(equity) * Fraction(multiplier)
    each = Fraction(price) * Fraction(rate)
    if isinstance(answer, NoSize):
        assert answer.reason == "below_lot"
        assert spend < each * Fraction(lot)
        return
    lots = Fraction(answer.quantity) / Fraction(lot)
    assert lots.denominator == 1
    assert lots * Fraction(lot) * each <= spend < (lots + 1) * Fraction(lot) * each


@given(
    risk=MONEYS,
    price=st.decimals("10", "1000", places=2),
    distance=st.decimals("0.01", "9", places=2),
    side=st.sampled_from(Side),
)
def test_a_size_by_risk_loses_no_more_at_the_stop_than_it_may(
    risk: Decimal, price: Decimal, distance: Decimal, side: Side
) -> None:
    stop = Protection(stop_price=price - side.sign * distance)
    answer = sized(order(SizeKind.RISK, str(risk), side, stop_loss=stop), price=price)
    if isinstance(answer, Size):
        assert answer.quantity * distance <= risk < (answer.quantity + 1) * distance
    else:
        assert risk < distance
