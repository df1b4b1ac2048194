"""The price file: a line for each symbol that can be traded, `symbol,price` and what differs.

symbol,price,asset_class,currency,lot
AAPL,185.20
BTC/USD,64000,crypto,USD,0.0001
"""

import csv
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tradewire import AssetClass, Instrument, Struct, Unhonoured, is_usable

_COLUMNS = ("symbol", "price", "asset_class", "currency", "lot")


class Line(Struct):
    """One line of the file: what is traded, and its price per unit."""

    instrument: Instrument
    price: Decimal


def read(file: Path, currency: str) -> Mapping[str, Line]:
    """The lines by symbol; `currency` is that of a line which names none.

    Raises `Unhonoured` with the line at fault.
    """
    try:
        with file.open(encoding="utf-8", newline="") as content:
            rows = list(csv.reader(content))
    except (OSError, UnicodeDecodeError) as error:
        raise Unhonoured(f"The price file {file} cannot be read: {error}.") from error
    lines = (
        _line([cell.strip() for cell in row], f"{file}, line {number}", currency)
        for number, row in enumerate(rows, start=1)
        if row and row[0].strip() not in ("", "symbol")
    )
    return {line.instrument.symbol: line for line in lines}


def ticker(symbol: str) -> str:
    """The symbol as the file has it: without the exchange that TradingView writes before it."""
    return symbol.strip().upper().rpartition(":")[2]


def _line(cells: list[str], where: str, currency: str) -> Line:
    if len(cells) > len(_COLUMNS):
        raise Unhonoured(f"{where}: there are {len(cells)} columns; they are {', '.join(_COLUMNS)}.")
    given = dict(zip(_COLUMNS, cells, strict=False))
    symbol, kind = given["symbol"].upper(), given.get("asset_class") or AssetClass.STOCK.value
    if kind not in list(AssetClass):
        raise Unhonoured(f'{where}: "{kind}" is not one of {", ".join(AssetClass)}.')
    return Line(
        instrument=Instrument(
            id=symbol,
            symbol=symbol,
            asset_class=AssetClass(kind),
            currency=given.get("currency") or currency,
            lot=_positive(given.get("lot") or "1", "lot", where),
        ),
        price=_positive(given.get("price", ""), "price", where),
    )


def _positive(text: str, column: str, where: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not is_usable(number) or number <= 0:
        raise Unhonoured(f'{where}: the {column} is a number above 0, not "{text}".')
    return number
