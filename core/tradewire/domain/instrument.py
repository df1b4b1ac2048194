"""What is traded: a ticker as TradingView writes it, and the instrument a broker resolved it to."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.domain.base import Struct


class AssetClass(StrEnum):
    STOCK = "stock"
    CRYPTO = "crypto"
    FOREX = "forex"
    FUTURE = "future"


class Instrument(Struct):
    """A resolved symbol. `id` is unique within the account's broker and is the name of the lane.

    `tick` is the price step and `lot` the quantity step; `min_quantity` in units, `min_notional` in
    `currency`; `multiplier` is currency per price unit and contract. `calendar` is an exchange's code of
    exchange_calendars ("XNYS"), or "24/7".
    """

    id: str
    symbol: str
    asset_class: AssetClass
    currency: str
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal(1)
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    calendar: str = "24/7"
    native_id: str | None = None


class Quote(Struct, kw_only=True):
    """A price at a moment, per unit in the instrument's currency; all but `at` may be missing."""

    instrument_id: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    at: datetime

    @property
    def mid(self) -> Decimal | None:
        """Between bid and ask where both are known, else the last trade."""
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) / 2
        return self.last
