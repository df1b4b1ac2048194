"""Where a limit order's price comes from."""

from decimal import Decimal, localcontext

from tradewire import BPS, ParentOrder, Quote, Side, exact, is_usable, to_tick
from tradewire_limit.params import LimitParams, Reference


def limit_price(
    parent: ParentOrder, params: LimitParams, tick: Decimal, quote: Quote | None
) -> Decimal | None:
    """The limit on the tick: the message's, else the fixed one, else the reference with its offset.

    None where it is not known, or is not above zero.
    """
    side = parent.side or Side.BUY
    price = parent.limit_price if parent.limit_price is not None else params.price
    if price is None:
        price = _offset(side, _reference(params.reference, parent, quote), params, tick)
    if price is None or not is_usable(price):
        return None
    rounded = to_tick(side, price, tick)
    return rounded if rounded > 0 else None


def _reference(reference: Reference | None, parent: ParentOrder, quote: Quote | None) -> Decimal | None:
    if reference is Reference.SIGNAL:
        return parent.signal_price
    if reference is None or quote is None:
        return None
    prices = {
        Reference.BID: quote.bid,
        Reference.ASK: quote.ask,
        Reference.MID: quote.mid,
        Reference.LAST: quote.last,
    }
    return prices[reference]


def _offset(side: Side, price: Decimal | None, params: LimitParams, tick: Decimal) -> Decimal | None:
    if price is None or not is_usable(price):
        return None
    with localcontext(exact()):
        distance = params.offset_ticks * tick + price * params.offset_bps / BPS
        moved = price - side.sign * distance
        # Wider than money is allowed to be, a product of price and offset is settled here on the tick.
        return to_tick(side, moved, tick)
