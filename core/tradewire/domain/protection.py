"""An exit that a message attaches to an entry."""

from decimal import Decimal

from tradewire.domain.base import Struct


class Protection(Struct):
    """A take-profit or stop-loss attached to an entry; exactly one of the distances or prices is set."""

    stop_price: Decimal | None = None
    limit_price: Decimal | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
