"""The value of what is held and may still come, over all instruments of a scope."""

from decimal import Decimal, localcontext

from tradewire import GuardedOrder, GuardView, exact
from tradewire_limits.amounts import is_positive
from tradewire_limits.valuation import rate_to_base, reference_price


class Unvalued(Exception):
    """Something cannot be valued; `reason` is the verdict's code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def unit_value(order: GuardedOrder, view: GuardView) -> Decimal:
    """One unit of the order's instrument in the base currency, at the higher of mark and reference price.

    Raises `Unvalued` where neither a price nor a rate is known.
    """
    prices = (view.exposure.mark, reference_price(order, view))
    price = max((one for one in prices if one is not None and is_positive(one)), default=None)
    if price is None:
        raise Unvalued("no_price", f"There is no usable price for {order.symbol} to value its position with.")
    rate = rate_to_base(order, view)
    if rate is None:
        raise Unvalued(
            "no_rate",
            f"There is no rate from {order.instrument.currency} to {view.base_currency} to value a position.",
        )
    with localcontext(exact()):
        return price * order.instrument.multiplier * rate


def others_value(order: GuardedOrder, view: GuardView) -> Decimal:
    """The worst value of every other instrument in the base currency.

    Raises `Unvalued` where one that is held, or may be, has no mark or no rate.
    """
    total = Decimal(0)
    with localcontext(exact()):
        for exposure in view.exposures:
            worst = exposure.worst()
            if exposure.instrument_id == order.instrument.id or worst == 0:
                continue
            mark, rate = exposure.mark, exposure.rate
            if mark is None or not is_positive(mark):
                raise Unvalued("no_price", f"There is no mark for {exposure.instrument_id} to value it with.")
            if rate is None or not is_positive(rate):
                raise Unvalued(
                    "no_rate",
                    f"There is no rate to {view.base_currency} to value {exposure.instrument_id} with.",
                )
            total += worst * mark * exposure.multiplier * rate
    return total
