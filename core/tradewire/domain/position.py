"""Average-cost positions: what a fill does to quantity, cost, realised profit and fees."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from tradewire.domain.base import Struct
from tradewire.domain.order import Side
from tradewire.domain.quantity import ZERO, exact

#: A cost split between what is closed and what stays open is rounded to this step of the currency; the
#: remainder stays with the open part, so that nothing is lost.
COST_STEP = Decimal("1e-12")


class Position(Struct):
    """One holder's position in one instrument, in the instrument's currency.

    `quantity` is signed (short is negative). `cost` is the signed cost of what is open (quantity x average
    price x multiplier). `realised` excludes `fees`, which are kept apart; `cash` is the sum of all payments
    without fees (a purchase is negative). At every moment `realised - cost = cash`.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    cash: Decimal = ZERO
    multiplier: Decimal = Decimal(1)

    @property
    def average_cost(self) -> Decimal:
        """The price per unit of what is open; zero when flat."""
        if self.quantity == 0:
            return ZERO
        with localcontext(exact()):
            return (self.cost / (self.quantity * self.multiplier)).quantize(COST_STEP).normalize()

    def unrealised(self, mark: Decimal) -> Decimal:
        """Profit of the open quantity at price `mark`, in the instrument's currency."""
        with localcontext(exact()):
            return self.quantity * mark * self.multiplier - self.cost


def apply_fill(
    position: Position, side: Side, quantity: Decimal, price: Decimal, fee: Decimal = ZERO
) -> tuple[Position, Decimal]:
    """The position after a fill of `quantity` > 0, and the profit that the fill realised (before fees).

    A fill through zero closes at the old cost and opens the rest at `price`.
    """
    with localcontext(exact()):
        change = quantity * side.sign
        value = change * price * position.multiplier
        closed = min(abs(change), abs(position.quantity)) if change * position.quantity < 0 else ZERO
        cost_of_closed = _share(position.cost, closed, abs(position.quantity))
        value_of_closed = value if closed == quantity else _exactly(value, closed, quantity)
        profit = -value_of_closed - cost_of_closed
        after = Position(
            quantity=position.quantity + change,
            cost=position.cost - cost_of_closed + (value - value_of_closed),
            realised=position.realised + profit,
            fees=position.fees + fee,
            cash=position.cash - value,
            multiplier=position.multiplier,
        )
        return after, profit


def _share(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    if part == 0:
        return ZERO
    if part == whole:
        return cost
    return (cost * part / whole).quantize(COST_STEP, rounding=ROUND_HALF_EVEN)


def _exactly(value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`value` x part / whole; exact, because `value` is a multiple of `whole`."""
    return value / whole * part
