"""From a TradingView ticker to an instrument.

The id of an instrument is itself a ticker that resolves to it: `AAPL`, `LSE:VOD`, `BTC/USD`, `BTC/USDT:USDT`
(a perpetual), `EURUSD`, `ES1!`. What is malformed, or could be several things, resolves to none.
"""

import hashlib
import re
from decimal import Decimal

from msgspec.structs import replace

from tradewire import AssetClass, Instrument
from tradewire_paper.markets import (
    COIN_ALIASES,
    CRYPTO_QUOTES,
    EXCHANGES,
    FUTURES,
    HOME,
    HOME_EXCHANGE,
    STOCK_PRICES,
    USD_PER_COIN,
    USD_PER_UNIT,
    Exchange,
    usd_per,
)

_DELAYED = re.compile(r"_DLY?$")
_PREFIXED = re.compile(r"(?:(?P<exchange>[A-Z][A-Z0-9_]{0,19}):)?(?P<ticker>[A-Z0-9./!:\-]{1,24})")
_STOCK = re.compile(r"[A-Z]{1,5}(?:\.[A-Z]{1,2})?")
_FOREIGN_STOCK = re.compile(r"[A-Z0-9]{1,6}(?:\.[A-Z]{1,2})?")
_PAIR = re.compile(r"(?P<base>[A-Z0-9]{2,10})[/-](?P<quote>[A-Z]{3,5})(?P<settled>:[A-Z]{3,5})?")
_WORD = re.compile(r"[A-Z0-9]{5,15}")
_FUTURE = re.compile(r"(?P<root>[A-Z0-9]{1,3}?)(?P<month>[12]!|[FGHJKMNQUVXZ](?:20)?[0-9]{1,2})")
_COIN_LOT = Decimal("0.000001")


def resolve(symbol: str) -> Instrument | None:
    """The instrument that `symbol` names, in any case, with or without its exchange; or None."""
    found = _PREFIXED.fullmatch(symbol.strip().upper())
    # "ß" in capitals is "SS", which is another company.
    if found is None or not symbol.isascii():
        return None
    exchange = _DELAYED.sub("", found["exchange"] or "")
    if found["exchange"] and not exchange:
        return None
    ticker = found["ticker"]
    if exchange in HOME or exchange in EXCHANGES:
        return _stock(exchange, ticker)
    return _pair(ticker) or _future(ticker) or (None if exchange else _stock("", ticker))


def first_price(instrument: Instrument) -> Decimal:
    """Where the walk of an instrument's price starts, in its currency."""
    known = _known_price(instrument)
    return known if known is not None else _made_up(instrument.id)


def _known_price(instrument: Instrument) -> Decimal | None:
    if instrument.asset_class is AssetClass.STOCK:
        return STOCK_PRICES.get(instrument.id)
    if instrument.asset_class is AssetClass.FUTURE:
        root = _FUTURE.fullmatch(instrument.id)
        return FUTURES[root["root"]].price if root else None
    base = usd_per(_base(instrument))
    quote = usd_per(instrument.currency)
    return base / quote if base and quote else None


def _base(instrument: Instrument) -> str:
    return instrument.id[:3] if instrument.asset_class is AssetClass.FOREX else instrument.id.split("/")[0]


def _made_up(name: str) -> Decimal:
    """Between 10 and 500, the same for a name on every machine."""

    number = int.from_bytes(hashlib.blake2s(name.encode(), digest_size=4).digest(), "big")
    return Decimal(1000 + number % 49000) / 100


def _stock(exchange: str, ticker: str) -> Instrument | None:
    at: Exchange = EXCHANGES.get(exchange, HOME_EXCHANGE)
    home = exchange not in EXCHANGES
    if not (_STOCK if home else _FOREIGN_STOCK).fullmatch(ticker):
        return None
    name = ticker if home else f"{exchange}:{ticker}"
    return Instrument(
        id=name,
        symbol=name,
        asset_class=AssetClass.STOCK,
        currency=at.currency,
        min_quantity=Decimal(1),
        calendar=at.calendar,
    )


def _pair(ticker: str) -> Instrument | None:
    perpetual = ticker.endswith(".P")
    name = ticker.removesuffix(".P")
    written = _PAIR.fullmatch(name)
    if written is not None:
        base, quote = written["base"], written["quote"]
        if written["settled"] and written["settled"] != f":{quote}":
            return None
        return _named_pair(base, quote, perpetual or written["settled"] is not None)
    if _WORD.fullmatch(name) is None:
        return None
    splits = sorted((quote for quote in CRYPTO_QUOTES if name.endswith(quote)), key=len, reverse=True)
    if len(name) == 6 and name[:3] in USD_PER_UNIT and name[3:] in USD_PER_UNIT:
        return None if perpetual else _forex(name[:3], name[3:])
    for quote in splits:
        base = COIN_ALIASES.get(name.removesuffix(quote), name.removesuffix(quote))
        if base in USD_PER_COIN or (len(name) > 5 and len(base) > 1 and quote != "ETH"):
            return _named_pair(base, quote, perpetual)
    return None


def _named_pair(base: str, quote: str, perpetual: bool) -> Instrument | None:
    base = COIN_ALIASES.get(base, base)
    if base == quote:
        return None
    if base in USD_PER_UNIT and quote in USD_PER_UNIT:
        return None if perpetual else _forex(base, quote)
    if quote not in CRYPTO_QUOTES or base in USD_PER_UNIT:
        return None
    name = f"{base}/{quote}:{quote}" if perpetual else f"{base}/{quote}"
    coin = Instrument(
        id=name,
        symbol=name,
        asset_class=AssetClass.CRYPTO,
        currency=quote,
        lot=_COIN_LOT,
        min_quantity=_COIN_LOT,
    )

    return replace(coin, tick=_coin_tick(first_price(coin)))


def _coin_tick(price: Decimal) -> Decimal:
    """A cent from 100 on, below that five significant digits."""
    return min(Decimal("0.01"), Decimal(1).scaleb(price.adjusted() - 4))


def _forex(base: str, quote: str) -> Instrument | None:
    if base == quote:
        return None
    return Instrument(
        id=base + quote,
        symbol=base + quote,
        asset_class=AssetClass.FOREX,
        currency=quote,
        tick=Decimal("0.001") if quote in ("JPY", "INR") else Decimal("0.00001"),
        min_quantity=Decimal(1),
    )


def _future(ticker: str) -> Instrument | None:
    found = _FUTURE.fullmatch(ticker)
    contract = FUTURES.get(found["root"]) if found else None
    if contract is None:
        return None
    return Instrument(
        id=ticker,
        symbol=ticker,
        asset_class=AssetClass.FUTURE,
        currency=contract.currency,
        tick=contract.tick,
        min_quantity=Decimal(1),
        multiplier=contract.multiplier,
        calendar="CMES",
    )
