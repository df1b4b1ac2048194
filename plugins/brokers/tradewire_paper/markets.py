"""What the venue knows: currencies, coins, futures and exchanges. Prices are plausible, not real."""

from decimal import Decimal

from tradewire import Struct

#: US dollars for one unit; also the first price of each currency pair.
USD_PER_UNIT = {
    "USD": Decimal(1),
    "EUR": Decimal("1.08"),
    "GBP": Decimal("1.27"),
    "CHF": Decimal("1.12"),
    "JPY": Decimal("0.0067"),
    "CAD": Decimal("0.73"),
    "AUD": Decimal("0.66"),
    "NZD": Decimal("0.61"),
    "SEK": Decimal("0.095"),
    "NOK": Decimal("0.094"),
    "DKK": Decimal("0.145"),
    "PLN": Decimal("0.25"),
    "MXN": Decimal("0.055"),
    "ZAR": Decimal("0.054"),
    "TRY": Decimal("0.03"),
    "SGD": Decimal("0.74"),
    "HKD": Decimal("0.128"),
    "CNH": Decimal("0.138"),
    "INR": Decimal("0.0119"),
    "XAU": Decimal("2400"),
    "XAG": Decimal("29"),
}

#: US dollars for one coin.
USD_PER_COIN = {
    "BTC": Decimal("65000"),
    "ETH": Decimal("3300"),
    "SOL": Decimal("150"),
    "BNB": Decimal("580"),
    "XRP": Decimal("0.6"),
    "ADA": Decimal("0.42"),
    "DOGE": Decimal("0.13"),
    "AVAX": Decimal("28"),
    "DOT": Decimal("6"),
    "LINK": Decimal("14"),
    "LTC": Decimal("72"),
    "BCH": Decimal("380"),
    "UNI": Decimal("8"),
    "ATOM": Decimal("6.5"),
    "XLM": Decimal("0.1"),
    "TRX": Decimal("0.13"),
    "SHIB": Decimal("0.00002"),
    "PEPE": Decimal("0.00001"),
    "USDT": Decimal(1),
    "USDC": Decimal(1),
    "DAI": Decimal(1),
}

#: Other names of the same coin.
COIN_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}

#: What a coin is quoted in; the longest match wins when a pair is written in one word.
CRYPTO_QUOTES = ("USDT", "USDC", "DAI", "USD", "EUR", "GBP", "JPY", "AUD", "CAD", "TRY", "BTC", "ETH", "BNB")

#: First prices of well-known stocks, in the currency of their exchange.
STOCK_PRICES = {
    "AAPL": Decimal("220"),
    "MSFT": Decimal("430"),
    "TSLA": Decimal("250"),
    "NVDA": Decimal("125"),
    "AMZN": Decimal("185"),
    "GOOG": Decimal("178"),
    "GOOGL": Decimal("176"),
    "META": Decimal("500"),
    "NFLX": Decimal("640"),
    "AMD": Decimal("155"),
    "INTC": Decimal("31"),
    "IBM": Decimal("190"),
    "JPM": Decimal("205"),
    "BRK.A": Decimal("620000"),
    "BRK.B": Decimal("415"),
    "KO": Decimal("64"),
    "GME": Decimal("24"),
    "SPY": Decimal("550"),
    "QQQ": Decimal("480"),
    "IWM": Decimal("215"),
    "DIA": Decimal("400"),
    "GLD": Decimal("222"),
    "TLT": Decimal("94"),
    "LSE:AZN": Decimal("118"),
    "XETR:SAP": Decimal("190"),
    "XETR:BMW": Decimal("88"),
}


class Future(Struct):
    """A futures contract: `multiplier` is dollars per point and contract, `price` the first price."""

    multiplier: Decimal
    tick: Decimal
    price: Decimal
    currency: str = "USD"


def _future(multiplier: str, tick: str, price: str, currency: str = "USD") -> Future:
    return Future(multiplier=Decimal(multiplier), tick=Decimal(tick), price=Decimal(price), currency=currency)


FUTURES = {
    "ES": _future("50", "0.25", "5500"),
    "MES": _future("5", "0.25", "5500"),
    "NQ": _future("20", "0.25", "19500"),
    "MNQ": _future("2", "0.25", "19500"),
    "YM": _future("5", "1", "40000"),
    "MYM": _future("0.5", "1", "40000"),
    "RTY": _future("50", "0.1", "2150"),
    "M2K": _future("5", "0.1", "2150"),
    "CL": _future("1000", "0.01", "78"),
    "MCL": _future("100", "0.01", "78"),
    "NG": _future("10000", "0.001", "2.3"),
    "GC": _future("100", "0.1", "2400"),
    "MGC": _future("10", "0.1", "2400"),
    "SI": _future("5000", "0.005", "29"),
    "HG": _future("25000", "0.0005", "4.4"),
    "ZB": _future("1000", "0.03125", "119"),
    "ZN": _future("1000", "0.015625", "110"),
    "ZC": _future("50", "0.25", "410"),
    "ZS": _future("50", "0.25", "1100"),
    "ZW": _future("50", "0.25", "560"),
    "6E": _future("125000", "0.00005", "1.08"),
    "6B": _future("62500", "0.0001", "1.27"),
    "6J": _future("12500000", "0.0000005", "0.0067"),
    "BTC": _future("5", "5", "65000"),
    "MBT": _future("0.1", "5", "65000"),
}


class Exchange(Struct):
    """Where stocks of one currency are listed; `calendar` is a code of exchange_calendars."""

    currency: str
    calendar: str


#: The home market: its stocks are one instrument with and without the prefix.
HOME = frozenset({"NASDAQ", "NYSE", "AMEX", "ARCA", "NYSEARCA", "BATS", "CBOE", "OTC", "IEX"})
HOME_EXCHANGE = Exchange(currency="USD", calendar="XNYS")

EXCHANGES = {
    "LSE": Exchange(currency="GBP", calendar="XLON"),
    "XETR": Exchange(currency="EUR", calendar="XETR"),
    "EURONEXT": Exchange(currency="EUR", calendar="XPAR"),
    "MIL": Exchange(currency="EUR", calendar="XMIL"),
    "SIX": Exchange(currency="CHF", calendar="XSWX"),
    "TSX": Exchange(currency="CAD", calendar="XTSE"),
    "TSE": Exchange(currency="JPY", calendar="XTKS"),
    "HKEX": Exchange(currency="HKD", calendar="XHKG"),
    "ASX": Exchange(currency="AUD", calendar="XASX"),
}


def usd_per(currency: str) -> Decimal | None:
    """US dollars for one unit of a currency or coin; None where the venue does not know it."""
    return USD_PER_UNIT.get(currency) or USD_PER_COIN.get(currency)


def rate(currency: str, base: str) -> Decimal | None:
    """How many `base` one `currency` is worth, to ten decimals; fixed, so that profits do not drift."""
    if currency == base:
        return Decimal(1)
    of, to = usd_per(currency), usd_per(base)
    if of is None or to is None:
        return None
    return (of / to).quantize(Decimal("1e-10"))
