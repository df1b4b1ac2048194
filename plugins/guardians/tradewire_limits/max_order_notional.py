"""How much one order may be worth."""

from decimal import Decimal, localcontext

import msgspec

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Need,
    Purpose,
    Scope,
    Verdict,
    block,
    exact,
    not_applicable,
)
from tradewire_limits.amounts import money, require_positive, room, unusable
from tradewire_limits.breach import OnBreach, breached, within
from tradewire_limits.valuation import rate_to_base, reference_price


class MaxOrderNotionalParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`notional` in the base currency."""

    notional: Decimal
    on_breach: OnBreach = OnBreach.BLOCK

    def __post_init__(self) -> None:
        require_positive(notional=self.notional)


class MaxOrderNotional(Guardian):
    """quantity x reference price x multiplier x rate may not exceed `notional`; without them, no entry."""

    name = "max_order_notional"
    scopes = frozenset(Scope)
    Params = MaxOrderNotionalParams

    def needs(self, params: MaxOrderNotionalParams) -> frozenset[Need]:
        return frozenset({Need.QUOTE})

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "An order's value is limited for entries only.")
        if refusal := unusable(order):
            return refusal
        params: MaxOrderNotionalParams = view.params
        base, limit = view.base_currency, money(params.notional, view.base_currency)
        price, rate = reference_price(order, view), rate_to_base(order, view)
        if price is None:
            return block(
                "no_price",
                f"There is no usable price for {order.symbol} to value the order with.",
                limit=limit,
            )
        if rate is None:
            return block(
                "no_rate",
                f"There is no rate from {order.instrument.currency} to {base} to value the order with.",
                limit=limit,
            )
        with localcontext(exact()):
            one = price * order.instrument.multiplier * rate
            notional = order.quantity * one
            fits = params.notional / one
            left = params.notional - notional
        value, headroom = money(notional, base), room(left, base)
        if notional <= params.notional:
            return within(
                notional, params.notional, "The order's value of", value=value, bound=limit, headroom=headroom
            )
        return breached(
            order,
            params.on_breach,
            fits,
            "order_value_too_large",
            f"The order's value of {value} is above the limit of {limit} for one order.",
            value=value,
            limit=limit,
            headroom=headroom,
        )
