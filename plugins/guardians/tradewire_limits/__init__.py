"""Guardians that bound one order and what may be held: size, value, position, short sales, symbols."""

from collections.abc import Sequence

from tradewire import Guardian, hookimpl
from tradewire_limits.max_order_notional import MaxOrderNotional
from tradewire_limits.max_order_qty import MaxOrderQty
from tradewire_limits.max_position import MaxPosition
from tradewire_limits.short_sale import ShortSale
from tradewire_limits.symbols import Symbols


@hookimpl
def guard() -> Sequence[Guardian]:
    return [MaxOrderQty(), MaxOrderNotional(), MaxPosition(), ShortSale(), Symbols()]
