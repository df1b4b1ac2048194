"""Limit prices: rounded to the tick away from aggression, and never beyond what bounds them."""

from decimal import Decimal, localcontext

from tradewire.domain.instrument import Quote
from tradewire.domain.order import Side
from tradewire.domain.quantity import exact, is_usable, round_down, round_up

#: Basis points in one.
BPS = Decimal(10_000)


def to_tick(side: Side, price: Decimal, tick: Decimal) -> Decimal:
    """`price` on the tick, away from aggression: a buy down, a sell up."""
    return round_down(price, tick) if side is Side.BUY else round_up(price, tick)


def marketable_limit(side: Side, quote: Quote, collar_bps: Decimal, tick: Decimal) -> Decimal | None:
    """A limit that crosses the spread by at most `collar_bps` beyond the far touch, on the tick.

    The last trade stands in for a missing touch; None where neither is known, or nothing above zero is left.
    """
    far = quote.ask if side is Side.BUY else quote.bid
    touch = far if far is not None else quote.last
    if touch is None or not is_usable(touch) or touch <= 0:
        return None
    with localcontext(exact()):
        price = to_tick(side, touch * (1 + side.sign * collar_bps / BPS), tick)
    return price if price > 0 else None
