"""Prices from a file of bars, replayed in file order."""

import csv
import gzip
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from tradewire import Instrument, Quote, Struct, Unhonoured, round_down, round_up
from tradewire_paper.prices import quote_around

_NEEDED = ("ts", "open", "high", "low", "close")


class Bar(Struct):
    """One bar from `start` on. `bid` and `ask` are the quote during it, where the file has them."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None

    def price(self, share: float) -> Decimal:
        """The price after `share` (0 to 1) of the bar: open, the nearer extreme, the other, close."""
        up = self.close >= self.open
        path = (self.open, *((self.low, self.high) if up else (self.high, self.low)), self.close)
        return path[min(int(share * len(path)), len(path) - 1)]


class Bars:
    """The bars as quotes of whatever is asked for: the first bar begins at `start`, the last one stays.

    Without bid and ask in the file, these lie `spread_bps` apart around the bar's price.
    """

    def __init__(self, bars: Sequence[Bar], start: datetime, spread_bps: Decimal) -> None:
        self._bars = bars
        self._offsets = [bar.start - bars[0].start for bar in bars]
        self._start = start
        self._spread_bps = spread_bps

    def quote(self, instrument: Instrument, at: datetime) -> Quote:
        passed = max(at - self._start, timedelta(0))
        index = bisect_right(self._offsets, passed) - 1
        bar = self._bars[index]
        share = 1.0
        if index + 1 < len(self._bars):
            share = (passed - self._offsets[index]) / (self._offsets[index + 1] - self._offsets[index])
        quote = quote_around(instrument, bar.price(share), self._spread_bps, at)
        if bar.bid is None or bar.ask is None:
            return quote
        return replace(
            quote, bid=round_down(bar.bid, instrument.tick), ask=round_up(bar.ask, instrument.tick)
        )


@lru_cache(maxsize=8)
def read_bars(path: str) -> tuple[Bar, ...]:
    """The bars of a CSV file, gzipped if its name ends in .gz; raises `Unhonoured` with line and reason."""
    file = Path(path).expanduser()
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8", newline="") as text:
            reader = csv.DictReader(text)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise Unhonoured(f"The bars in {path} lack the column {missing[0]}.")
            bars = tuple(_bar(row, path, line) for line, row in enumerate(reader, start=2))
    except (OSError, UnicodeDecodeError) as problem:
        raise Unhonoured(f"The bars in {path} cannot be read: {problem}.") from problem
    if not bars:
        raise Unhonoured(f"The file {path} has no bars.")
    for line, (before, after) in enumerate(pairwise(bars), start=3):
        if after.start <= before.start:
            raise Unhonoured(f"The bars in {path} go back in time at line {line}.")
    return bars


def _bar(row: Mapping[str, str], path: str, line: int) -> Bar:
    try:
        start = datetime.fromisoformat(row["ts"])
        prices = [Decimal(row[name]) for name in _NEEDED[1:]]
        bid, ask = (Decimal(row[name]) if row.get(name) else None for name in ("bid", "ask"))
    except (ValueError, TypeError, InvalidOperation) as problem:
        raise Unhonoured(f"The bars in {path} are not understood at line {line}.") from problem
    if not all(price.is_finite() and price > 0 for price in prices):
        raise Unhonoured(f"The bars in {path} have a price at line {line} that is not above 0.")
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return Bar(start=start, open=prices[0], high=prices[1], low=prices[2], close=prices[3], bid=bid, ask=ask)
