import msgspec
import pytest

from tradewire import AssetClass, Decision, Instrument, OrderType, Purpose, Side
from tradewire_limits.symbols import Symbols, SymbolsParams


def judged(order, view, written, **changes):
    params = msgspec.convert(written, SymbolsParams, strict=False)
    return Symbols().guard(order(**changes), view(params=params))


@pytest.mark.parametrize("listed", ["AAPL", "aapl", "NASDAQ:AAPL", "nasdaq:aapl"])
@pytest.mark.parametrize("asked", ["AAPL", "aapl", "NASDAQ:AAPL"])
def test_symbols_are_the_same_in_any_case_with_or_without_exchange(order, view, listed, asked):
    assert judged(order, view, {"allow_symbols": [listed]}, symbol=asked).decision is Decision.ALLOW
    assert judged(order, view, {"deny_symbols": [listed]}, symbol=asked).reason == "symbol_denied"


def test_another_exchange_is_another_symbol(order, view):
    assert judged(order, view, {"allow_symbols": ["NYSE:AAPL"]}).reason == "symbol_not_allowed"


def test_the_resolved_name_is_looked_at_too(order, view):
    coin = Instrument(id="x", symbol="BTC/USD", asset_class=AssetClass.CRYPTO, currency="USD")
    changes = {"symbol": "COINBASE:BTCUSD", "instrument": coin}
    assert judged(order, view, {"deny_symbols": ["BTC/USD"]}, **changes).reason == "symbol_denied"
    assert judged(order, view, {"deny_symbols": ["BTCUSD"]}, **changes).reason == "symbol_denied"


def test_a_deny_list_wins_over_an_allow_list(order, view):
    written = {"allow_symbols": ["AAPL"], "deny_symbols": ["AAPL"]}
    assert judged(order, view, written).reason == "symbol_denied"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"deny_asset_classes": ["stock"]}, "asset_class_denied"),
        ({"allow_asset_classes": ["crypto"]}, "asset_class_not_allowed"),
        ({"deny_sides": ["buy"]}, "side_denied"),
        ({"allow_sides": ["sell"]}, "side_not_allowed"),
        ({"deny_order_types": ["market"]}, "order_type_denied"),
        ({"allow_order_types": ["limit"]}, "order_type_not_allowed"),
    ],
)
def test_classes_sides_and_order_types_are_listed_alike(order, view, written, reason):
    assert judged(order, view, written).reason == reason
    other = Instrument(id="b", symbol="BTCUSD", asset_class=AssetClass.CRYPTO, currency="USD")
    changes = {"instrument": other, "side": Side.SELL, "order_type": OrderType.LIMIT}
    assert judged(order, view, written, **changes).decision is Decision.ALLOW


def test_exits_are_not_its_business(order, view):
    verdict = judged(order, view, {"deny_symbols": ["AAPL"]}, purpose=Purpose.EXIT)
    assert verdict.decision is Decision.NOT_APPLICABLE


@pytest.mark.parametrize("written", [{}, {"allow_symbols": []}, {"deny_sides": ["long"]}, {"allow": ["X"]}])
def test_lists_that_say_nothing_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, SymbolsParams, strict=False)
