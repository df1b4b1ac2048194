"""Which prices an account's configuration asks for."""

from datetime import datetime

from tradewire import Unhonoured
from tradewire_paper.bars import Bars, read_bars
from tradewire_paper.config import PaperConfig
from tradewire_paper.prices import Prices, Walk
from tradewire_paper.symbols import resolve


def prices_of(config: PaperConfig, opened_at: datetime) -> Prices:
    """The walk, or the bars replayed from `opened_at` on. Raises `Unhonoured` with what is wrong."""
    if config.bars is not None:
        return Bars(read_bars(config.bars), opened_at, config.spread_bps)
    firsts = {}
    for name, price in config.prices.items():
        instrument = resolve(name)
        if instrument is None or not price.is_finite() or price <= 0:
            raise Unhonoured(
                f"The paper account's prices name {name} = {price}, which is no symbol with a price."
            )
        firsts[instrument.id] = price
    return Walk(config.seed, config.volatility, config.spread_bps, firsts)
