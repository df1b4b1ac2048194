from decimal import Decimal

import pytest

from tradewire import Draft, Protection, Skip
from tradewire.testing import builders, load
from tradewire.testing.contracts import OverrideContract
from tradewire_symbol_map import SymbolMap

SPY_FOR_SPX = SymbolMap({"SPX": "SPY", "AAPL": "MSFT"})


class TestContract(OverrideContract):
    override = SPY_FOR_SPX


def applied(**draft: object) -> Draft | Skip:
    return SPY_FOR_SPX.apply(builders.draft(**draft), builders.signal(), builders.algorithm())


def test_what_stands_in_the_map_is_traded_instead_and_noted() -> None:
    answer = applied(symbol="SPX")
    assert isinstance(answer, Draft)
    assert answer.symbol == "SPY"
    assert [(note.received, note.used) for note in answer.notes] == [("SPX", "SPY")]


def test_what_does_not_stand_there_is_left_alone() -> None:
    assert applied(symbol="TSLA") == builders.draft(symbol="TSLA")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("limit_price", Decimal(5000), "limitPrice"),
        ("stop_price", Decimal(5000), "stopPrice"),
        ("take_profit", Protection(limit_price=Decimal(5100)), "takeProfit"),
        ("stop_loss", Protection(amount=Decimal(50)), "stopLoss"),
    ],
)
def test_a_price_of_the_one_is_never_used_for_the_other(field: str, value: object, named: str) -> None:
    answer = applied(symbol="SPX", **{field: value})
    assert isinstance(answer, Skip)
    assert answer.blocked
    assert f"The message's {named} is a price of SPX" in answer.message


def test_a_distance_in_percent_suits_any_symbol() -> None:
    answer = applied(symbol="SPX", stop_loss=Protection(percent=Decimal(2)))
    assert isinstance(answer, Draft)
    assert answer.symbol == "SPY"


def test_the_map_comes_from_the_settings() -> None:
    found = load("tradewire_symbol_map", {"SPX": "SPY"}).overrides["symbol_map"]
    answer = found.apply(builders.draft(symbol="SPX"), builders.signal(), builders.algorithm())
    assert isinstance(answer, Draft)
    assert answer.symbol == "SPY"
    with pytest.raises(AssertionError, match="Expected `str`"):
        load("tradewire_symbol_map", {"SPX": 5})
