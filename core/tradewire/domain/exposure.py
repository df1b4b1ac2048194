"""What is held and what may still come: the figure that position limits are checked against."""

from decimal import Decimal

import msgspec

from tradewire.domain.base import Struct
from tradewire.domain.order import Side


class Exposure(Struct):
    """One instrument in one scope.

    `position` is signed; `live_buy` and `live_sell` are the unfilled quantities of live parents per side,
    `foreign_buy` and `foreign_sell` those of orders at the broker that are not ours. Children are never
    added again: their parents already stand for them. `mark` is the price per unit, `rate` converts the
    instrument's currency into the base currency; either may be unknown.
    """

    instrument_id: str
    position: Decimal = Decimal(0)
    live_buy: Decimal = Decimal(0)
    live_sell: Decimal = Decimal(0)
    foreign_buy: Decimal = Decimal(0)
    foreign_sell: Decimal = Decimal(0)
    mark: Decimal | None = None
    rate: Decimal | None = None
    multiplier: Decimal = Decimal(1)

    @property
    def highest(self) -> Decimal:
        """The position if every buy filled and no sell did."""
        return self.position + self.live_buy + self.foreign_buy

    @property
    def lowest(self) -> Decimal:
        """The position if every sell filled and no buy did."""
        return self.position - self.live_sell - self.foreign_sell

    def worst(self) -> Decimal:
        """The largest absolute position that can come about."""
        return max(abs(self.highest), abs(self.lowest))

    def adding(self, side: Side, quantity: Decimal) -> "Exposure":
        """The exposure with one more order of `quantity` on `side`."""
        if side is Side.BUY:
            return msgspec.structs.replace(self, live_buy=self.live_buy + quantity)
        return msgspec.structs.replace(self, live_sell=self.live_sell + quantity)
