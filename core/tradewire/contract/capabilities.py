"""What an account can do at its broker, as data."""

from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.instrument import AssetClass
from tradewire.domain.order import OrderType, TimeInForce


class DedupeClass(StrEnum):
    """What the broker does with a client id it has seen.

    A: answers with the original. B: refuses, and finds by id. B_OPEN: as B, among open orders only.
    C: nothing; only a person may have such an order sent again.
    """

    A = "a"
    B = "b"
    B_OPEN = "b_open"
    C = "c"


class Supported(Struct):
    """One combination the broker takes, and whether it works outside the regular session."""

    asset_class: AssetClass
    order_type: OrderType
    times_in_force: tuple[TimeInForce, ...]
    extended_hours: bool = False


class Capabilities(Struct):
    """What an account can do, as data, asked before anything is planned.

    `always_open`: it trades round the clock, whatever the exchanges' calendars say.
    """

    orders: tuple[Supported, ...]
    dedupe: DedupeClass
    fractional: bool = False
    short: bool = False
    quotes: bool = False
    balances: bool = False
    always_open: bool = False
    max_client_id: int = 32

    def supports(
        self,
        asset_class: AssetClass,
        order_type: OrderType,
        tif: TimeInForce,
        extended_hours: bool = False,
    ) -> bool:
        return any(
            one.asset_class is asset_class
            and one.order_type is order_type
            and tif in one.times_in_force
            and (one.extended_hours or not extended_hours)
            for one in self.orders
        )
