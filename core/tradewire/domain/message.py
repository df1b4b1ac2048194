"""What a signal's message says, whatever relay's format it was written in."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.order import OrderType, TimeInForce


class Action(StrEnum):
    """What the sender asks for. All but buy and sell act on the algorithm's own position and orders only."""

    BUY = "buy"
    SELL = "sell"
    EXIT = "exit"
    REVERSE = "reverse"
    CANCEL = "cancel"
    TARGET = "target"


class Protection(Struct):
    """A take-profit or stop-loss attached to an entry; exactly one of the distances or prices is set."""

    stop_price: Decimal | None = None
    limit_price: Decimal | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None


class Message(Struct):
    """A parsed message. `None` means that the field was absent: an absent field never gets a meaning here.

    `quantity` is in units of the instrument (shares, coins, contracts), positive. `time` is when the alert
    fired, `bar_time` the opening time of its bar. `ignored` names fields that Tradewire does not know.
    """

    strategy_id: str
    symbol: str | None = None
    action: Action | None = None
    quantity: Decimal | None = None
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
    comment: str | None = None
    test: bool = False
    ignored: tuple[str, ...] = ()
