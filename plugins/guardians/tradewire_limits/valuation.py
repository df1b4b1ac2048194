"""What an order is worth: its reference price and the rate into the base currency."""

from decimal import Decimal

from tradewire import GuardedOrder, GuardView, Side
from tradewire_limits.amounts import is_positive


def reference_price(order: GuardedOrder, view: GuardView) -> Decimal | None:
    """The highest of the order's own prices and the quote's far side, per unit; None where nothing bounds it.

    A buy is bounded by its limit alone; a sell may fill above its limit, so that it needs a quote.
    """
    quote = view.quote
    far = None
    if quote is not None:
        sides = (quote.ask, quote.last) if order.side is Side.BUY else (quote.bid, quote.last)
        far = next((price for price in sides if price is not None and is_positive(price)), None)
    if far is None and (order.side is Side.SELL or order.limit_price is None):
        return None
    prices = (far, order.limit_price, order.stop_price)
    return max((price for price in prices if price is not None and is_positive(price)), default=None)


def rate_to_base(order: GuardedOrder, view: GuardView) -> Decimal | None:
    """How many units of the base currency one of the instrument's is worth; None where it is not known."""
    if order.instrument.currency == view.base_currency:
        return Decimal(1)
    return view.rate if is_positive(view.rate) else None
