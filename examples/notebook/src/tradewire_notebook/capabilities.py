"""What the notebook takes: market orders of any kind of instrument."""

from tradewire import AssetClass, Capabilities, DedupeClass, OrderType, Supported, TimeInForce

_WHEN = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)

#: Class A: an id that was written down before is answered with what was written down.
CAPABILITIES = Capabilities(
    orders=tuple(
        Supported(asset_class=one, order_type=OrderType.MARKET, times_in_force=_WHEN, extended_hours=True)
        for one in AssetClass
    ),
    dedupe=DedupeClass.A,
    fractional=True,
    short=True,
    quotes=True,
)
