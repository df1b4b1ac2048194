"""What a signal's message says, whatever relay's format it was written in."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.order import OrderType, TimeInForce
from tradewire.domain.protection import Protection
from tradewire.domain.size import SizeKind


class Action(StrEnum):
    """What the sender asks for, always of the algorithm's own position and orders.

    ADD enlarges the position that is there, on its side. REVERSE closes it and opens as much on the other
    side. TARGET trades whatever leads to the position wanted.
    """

    BUY = "buy"
    SELL = "sell"
    ADD = "add"
    EXIT = "exit"
    REVERSE = "reverse"
    CANCEL = "cancel"
    TARGET = "target"


class Sentiment(StrEnum):
    """The side of the position that is wanted after the trade."""

    LONG = "long"
    SHORT = "short"
    FLAT = "flat"


class Message(Struct):
    """A parsed message. `None` means that the field was absent: an absent field never gets a meaning here.

    `quantity` is in what `quantity_kind` says, by default units of the instrument (shares, coins, contracts),
    positive; of a TARGET it is the signed position wanted. `target` is the signed position in units that a
    buy or sell leads to, and `sentiment` its side alone. `time` is when the alert fired, `bar_time` the
    opening time of its bar. `cancel_first`: whether the algorithm's own working orders are cancelled before.
    `ignored` names fields that Tradewire does not know.
    """

    strategy_id: str
    symbol: str | None = None
    action: Action | None = None
    quantity: Decimal | None = None
    quantity_kind: SizeKind | None = None
    target: Decimal | None = None
    sentiment: Sentiment | None = None
    idempotency_id: str | None = None
    time: datetime | None = None
    bar_time: datetime | None = None
    price: Decimal | None = None
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    take_profit: Protection | None = None
    stop_loss: Protection | None = None
    time_in_force: TimeInForce | None = None
    extended_hours: bool | None = None
    cancel_first: bool | None = None
    comment: str | None = None
    test: bool = False
    ignored: tuple[str, ...] = ()
