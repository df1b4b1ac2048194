"""How much an order is for. Pure."""

from decimal import Decimal

from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import Side
from tradewire.domain.quantity import ZERO, canonical, round_down


class Size(Struct):
    """A side and a quantity above zero, in the instrument's units."""

    side: Side
    quantity: Decimal


class NoSize(Struct):
    """Nothing to send: a reason code and a sentence."""

    reason: str
    message: str


def entry_size(side: Side, wanted: Decimal | None, instrument: Instrument) -> Size | NoSize:
    """`wanted` down to the instrument's lot."""
    quantity = round_down(wanted or ZERO, instrument.lot)
    if quantity <= 0:
        return NoSize(
            reason="below_lot",
            message=f"The quantity {canonical(wanted or ZERO)} is below one lot of {instrument.symbol} "
            f"({canonical(instrument.lot)}).",
        )
    return Size(side=side, quantity=quantity)


def exit_size(
    wanted: Decimal | None, own: Decimal, unattributed: Decimal, instrument: Instrument
) -> Size | NoSize:
    """The algorithm's own position, or `wanted` of it, less what left the account behind Tradewire's back.

    `own` and `unattributed` are signed. Where somebody sold by hand (`unattributed` of the other sign), so
    much less is there to exit; what other algorithms hold is never touched.
    """
    if own == 0:
        return NoSize(reason="nothing_to_exit", message=f"The algorithm holds no {instrument.symbol}.")
    gone = min(abs(own), abs(unattributed)) if own * unattributed < 0 else ZERO
    there = abs(own) - gone
    quantity = round_down(min(there, wanted) if wanted is not None else there, instrument.lot)
    if quantity <= 0:
        return NoSize(
            reason="nothing_to_exit",
            message=f"Of the algorithm's {canonical(abs(own))} {instrument.symbol} the account holds "
            f"{canonical(there)} and {canonical(wanted) if wanted is not None else 'all'} was asked for: "
            "nothing is left to exit.",
        )
    return Size(side=Side.SELL if own > 0 else Side.BUY, quantity=quantity)
