"""The prices of an order: every one that its type needs, and none that it would ignore."""

from collections.abc import Mapping
from decimal import Decimal

from tradewire import InvalidMessage, OrderType

_NEEDED = {
    OrderType.LIMIT: ("limitPrice",),
    OrderType.STOP: ("stopPrice",),
    OrderType.STOP_LIMIT: ("stopPrice", "limitPrice"),
}


def check_prices(order_type: OrderType | None, prices: Mapping[str, Decimal | None]) -> None:
    """Raises `InvalidMessage` for a price that is missing, or that the order would not use."""
    if order_type is OrderType.TRAILING_STOP:
        return
    needed = _NEEDED.get(order_type, ()) if order_type is not None else ()
    for name, price in prices.items():
        if name in needed and price is None:
            raise InvalidMessage(name, f"{name} is missing; a {order_type} order needs it.")
        if name not in needed and price is not None:
            hint = 'add "orderType"' if order_type is None else "take it out or change orderType"
            kind = "no orderType is given" if order_type is None else f"a {order_type} order does not use it"
            raise InvalidMessage(name, f"{name} is given, but {kind}; {hint}.")
