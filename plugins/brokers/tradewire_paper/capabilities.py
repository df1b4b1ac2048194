"""What the paper venue takes, as data."""

from msgspec.structs import replace

from tradewire import AssetClass, Capabilities, DedupeClass, OrderType, Supported, TimeInForce
from tradewire_paper.config import Hours

ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT)
TIMES_IN_FORCE = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)

CAPABILITIES = Capabilities(
    orders=tuple(
        Supported(asset_class=asset_class, order_type=order_type, times_in_force=TIMES_IN_FORCE)
        for asset_class in AssetClass
        for order_type in ORDER_TYPES
    ),
    dedupe=DedupeClass.B,
    short=True,
    quotes=True,
    balances=True,
)

#: Where the venue keeps exchange hours: what it takes outside of them.
_EXTENDED = Supported(
    asset_class=AssetClass.STOCK,
    order_type=OrderType.LIMIT,
    times_in_force=(TimeInForce.DAY,),
    extended_hours=True,
)


def capabilities_of(hours: Hours) -> Capabilities:
    """What an account can do that keeps these hours."""
    if hours is Hours.ALWAYS:
        return replace(CAPABILITIES, always_open=True)
    return replace(CAPABILITIES, orders=(*CAPABILITIES.orders, _EXTENDED))
