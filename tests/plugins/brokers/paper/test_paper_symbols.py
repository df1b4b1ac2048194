from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import AssetClass
from tradewire_paper.markets import FUTURES, STOCK_PRICES, USD_PER_COIN
from tradewire_paper.symbols import first_price, resolve

SAME = [
    ("AAPL", ("NASDAQ:AAPL", "NASDAQ_DLY:AAPL", "NASDAQ_DL:AAPL", "aapl", " AAPL ")),
    ("BRK.B", ("NYSE:BRK.B",)),
    ("BTC/USD", ("BTCUSD", "BTC-USD", "COINBASE:BTCUSD", "KRAKEN:XBTUSD", "XBTUSD", "BTC/USD")),
    ("BTC/USDT", ("BTCUSDT", "BINANCE:BTCUSDT")),
    ("BTC/USDT:USDT", ("BTCUSDT.P", "BYBIT:BTCUSDT.P", "BTC/USDT:USDT")),
    ("ETH/USDT:USDT", ("ETH/USDT:USDT", "BINANCE:ETH/USDT:USDT", "ETHUSDT.P")),
    ("EURUSD", ("FX:EURUSD", "OANDA:EURUSD", "EUR/USD", "eur-usd")),
    ("ES1!", ("CME_MINI:ES1!", "CME_MINI_DL:ES1!")),
    ("XETR:SAP", ("XETR:SAP", "XETR_DLY:SAP")),
    ("TSE:7203", ("TSE:7203",)),
]


@pytest.mark.parametrize(("name", "tickers"), SAME)
def test_every_way_to_write_a_ticker_is_one_instrument(name: str, tickers: tuple[str, ...]) -> None:
    assert {resolve(ticker) for ticker in tickers} == {resolve(name)}
    assert {found.id for ticker in tickers if (found := resolve(ticker))} == {name}


@pytest.mark.parametrize(
    ("ticker", "asset_class", "currency", "tick", "lot", "multiplier", "calendar"),
    [
        ("AAPL", AssetClass.STOCK, "USD", "0.01", "1", "1", "XNYS"),
        ("LSE:AZN", AssetClass.STOCK, "GBP", "0.01", "1", "1", "XLON"),
        ("BTCUSD", AssetClass.CRYPTO, "USD", "0.01", "0.000001", "1", "24/7"),
        ("DOGEUSDT", AssetClass.CRYPTO, "USDT", "0.00001", "0.000001", "1", "24/7"),
        ("EURUSD", AssetClass.FOREX, "USD", "0.00001", "1", "1", "24/7"),
        ("USDJPY", AssetClass.FOREX, "JPY", "0.001", "1", "1", "24/7"),
        ("ES1!", AssetClass.FUTURE, "USD", "0.25", "1", "50", "CMES"),
        ("ESZ2026", AssetClass.FUTURE, "USD", "0.25", "1", "50", "CMES"),
        ("CL2!", AssetClass.FUTURE, "USD", "0.01", "1", "1000", "CMES"),
    ],
)
def test_an_instrument_has_the_terms_of_its_market(
    ticker: str, asset_class: AssetClass, currency: str, tick: str, lot: str, multiplier: str, calendar: str
) -> None:
    found = resolve(ticker)
    assert found is not None
    assert (found.asset_class, found.currency, found.calendar) == (asset_class, currency, calendar)
    assert (found.tick, found.lot, found.multiplier) == (Decimal(tick), Decimal(lot), Decimal(multiplier))


@pytest.mark.parametrize(
    "ticker",
    [
        "",
        " ",
        "A A",
        "APPLES",
        "AAPL!",
        "123",
        ":AAPL",
        "_DL:AAPL",
        "NASDAQ:",
        "MARS:AAPL",
        "{{ticker}}",
        "XX1!",
        "EURUSD.P",
        "EUREUR",
        "BTC/BTC",
        "BTC/USD:EUR",
        "EURUSDT",
        "FX:AAPL",
        "A" * 100,
        "AAPL\n;",
        "ÄÄ",
        "ß",
        "ſ",
    ],
)
def test_what_names_nothing_resolves_to_nothing(ticker: str) -> None:
    assert resolve(ticker) is None


@given(st.text(max_size=30) | st.from_regex(r"[A-Z_]{0,6}:?[A-Z0-9./!-]{1,10}", fullmatch=True))
def test_the_id_of_whatever_resolves_is_a_ticker_of_the_same_instrument(text: str) -> None:
    found = resolve(text)
    if found is not None:
        assert resolve(found.id) == found
        assert first_price(found) > found.tick


@pytest.mark.parametrize(
    "ticker", [*STOCK_PRICES, *(f"{root}1!" for root in FUTURES), *(f"{coin}/EUR" for coin in USD_PER_COIN)]
)
def test_every_listed_market_resolves_and_its_price_is_many_ticks(ticker: str) -> None:
    found = resolve(ticker)
    assert found is not None
    assert found.id == ticker
    assert first_price(found) > 50 * found.tick
