"""What the user may set for a limit order."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec

from tradewire import TimeInForce, is_usable


class Reference(StrEnum):
    BID = "bid"
    ASK = "ask"
    MID = "mid"
    LAST = "last"
    SIGNAL = "signal"


class OnExpire(StrEnum):
    CANCEL = "cancel"
    MARKET = "market"


class LimitParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the limit comes from when the message names none: a fixed `price`, or a `reference` at the moment
    of sending, made better for the order (a buy lower, a sell higher) by `offset_ticks` or `offset_bps`; a
    negative offset makes it more aggressive. `ttl_s`: seconds after which what is open is cancelled, and with
    `on_expire = "market"` the rest is bought or sold at market."""

    price: Decimal | None = None
    reference: Reference | None = None
    offset_ticks: int = 0
    offset_bps: Decimal = Decimal(0)
    tif: TimeInForce = TimeInForce.DAY
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] | None = None
    on_expire: OnExpire = OnExpire.CANCEL

    def __post_init__(self) -> None:
        if self.price is not None and not (is_usable(self.price) and self.price > 0):
            raise ValueError(f"`price` must be a number above zero, not {self.price}")
        if self.price is not None and self.reference is not None:
            raise ValueError("give `price` or `reference`, not both")
        if not is_usable(self.offset_bps) or abs(self.offset_bps) >= 10_000:
            raise ValueError(f"`offset_bps` must lie between -10000 and 10000, not {self.offset_bps}")
        if self.offset_ticks and self.offset_bps:
            raise ValueError("give `offset_ticks` or `offset_bps`, not both")
        if self.reference is None and (self.offset_ticks or self.offset_bps):
            raise ValueError("an offset needs a `reference`: bid, ask, mid, last or signal")
        if self.on_expire is OnExpire.MARKET and self.ttl_s is None:
            raise ValueError('`on_expire = "market"` needs `ttl_s`, the seconds after which it happens')
