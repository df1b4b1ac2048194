"""What the paper venue takes, as data."""

from tradewire import AssetClass, Capabilities, DedupeClass, OrderType, Supported, TimeInForce

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
