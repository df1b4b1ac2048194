"""Where quotes come from: a seeded random walk, or bars from a file."""

import hashlib
import math
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from typing import Protocol

from tradewire import Instrument, Quote, exact, round_down, round_up
from tradewire_paper.symbols import first_price

#: Seconds between two prices of the walk.
STEP_S = 1
_LEVELS = 20
_SPAN = 1 << _LEVELS
_YEAR_S = 365 * 24 * 3600
_BPS = Decimal(10000)


class Prices(Protocol):
    """A source of quotes; the same instrument at the same time always has the same quote."""

    def quote(self, instrument: Instrument, at: datetime) -> Quote | None: ...


class Walk:
    """A random walk per symbol, one step a second, a pure function of seed, symbol and time.

    A Brownian bridge built by midpoints (Lévy's construction) over spans of 2^20 s, 12 days, at whose ends
    the price is back at `firsts[symbol]` or the symbol's own first price; so any moment's price takes 20
    hashes, needs no past, and is the same after a restart. `volatility` is yearly, in percent; the spread in
    bps of the mid.
    """

    def __init__(
        self, seed: int, volatility: Decimal, spread_bps: Decimal, firsts: dict[str, Decimal]
    ) -> None:
        self._seed = seed
        self._sigma = float(volatility) / 100 / math.sqrt(_YEAR_S / STEP_S)
        self._spread_bps = spread_bps
        self._firsts = firsts

    def quote(self, instrument: Instrument, at: datetime) -> Quote:
        step = int(at.timestamp()) // STEP_S
        return quote_around(instrument, self._mid(instrument, step), self._spread_bps, at)

    def _mid(self, instrument: Instrument, step: int) -> Decimal:
        first = self._firsts.get(instrument.id) or first_price(instrument)
        if not self._sigma:
            return first
        factor = math.exp(self._sigma * _bridge(f"{self._seed}/{instrument.id}", step))
        return first * Decimal(f"{factor:.12f}")


def quote_around(instrument: Instrument, mid: Decimal, spread_bps: Decimal, at: datetime) -> Quote:
    """Bid and ask around `mid`, rounded away from it to ticks; the bid is at least one tick."""
    tick = instrument.tick
    with localcontext(exact()):
        last = max((mid / tick).to_integral_value(ROUND_HALF_EVEN) * tick, tick)
        half = mid * spread_bps / _BPS / 2
        if not half:
            return Quote(instrument_id=instrument.id, bid=last, ask=last, last=last, at=at)
        bid = max(round_down(mid - half, tick), tick)
        ask = max(round_up(mid + half, tick), bid)
    return Quote(instrument_id=instrument.id, bid=bid, ask=ask, last=last, at=at)


@lru_cache(maxsize=4096)
def _bridge(name: str, step: int) -> float:
    """The bridge's value at `step`, in standard deviations of one step."""
    span, place = divmod(step, _SPAN)
    low, high, left, right = 0, _SPAN, 0.0, 0.0
    while low != place:
        middle = (low + high) // 2
        value = (left + right) / 2 + math.sqrt((high - low) / 4) * _noise(f"{name}/{span}/{middle}")
        if place < middle:
            high, right = middle, value
        else:
            low, left = middle, value
    return left


def _noise(name: str) -> float:
    """Uniform with mean 0 and variance 1, decided by `name` alone."""
    number = int.from_bytes(hashlib.blake2s(name.encode(), digest_size=6).digest(), "big")
    return (number / (1 << 47) - 1) * math.sqrt(3)
