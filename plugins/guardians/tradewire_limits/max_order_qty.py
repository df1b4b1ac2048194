"""How large one order may be, in units."""

from decimal import Decimal

import msgspec

from tradewire import GuardedOrder, Guardian, GuardView, Purpose, Scope, Verdict, not_applicable
from tradewire_limits.amounts import require_positive, units, unusable
from tradewire_limits.breach import OnBreach, breached, within


class MaxOrderQtyParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quantity` in the instrument's units (shares, coins, contracts)."""

    quantity: Decimal
    on_breach: OnBreach = OnBreach.BLOCK

    def __post_init__(self) -> None:
        require_positive(quantity=self.quantity)


class MaxOrderQty(Guardian):
    """An entry of more than `quantity` units is blocked, or trimmed to it."""

    name = "max_order_qty"
    scopes = frozenset({Scope.ALGORITHM, Scope.ACCOUNT})
    Params = MaxOrderQtyParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "An order's size is limited for entries only.")
        if refusal := unusable(order):
            return refusal
        params: MaxOrderQtyParams = view.params
        value, limit = units(order.quantity, order.instrument), units(params.quantity, order.instrument)
        headroom = units(params.quantity - order.quantity, order.instrument)
        if order.quantity <= params.quantity:
            return within(
                order.quantity, params.quantity, "The order of", value=value, bound=limit, headroom=headroom
            )
        return breached(
            order,
            params.on_breach,
            params.quantity,
            "order_too_large",
            f"The order of {value} is above the limit of {limit} for one order.",
            value=value,
            limit=limit,
            headroom=headroom,
        )
