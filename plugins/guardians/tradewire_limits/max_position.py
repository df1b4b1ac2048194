"""How much may be held, counting everything that may still fill."""

from decimal import ROUND_FLOOR, Decimal, localcontext

import msgspec

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Need,
    Purpose,
    Scope,
    Side,
    Verdict,
    block,
    exact,
    not_applicable,
)
from tradewire_limits.amounts import money, require_positive, room, units, unusable
from tradewire_limits.breach import OnBreach, breached, within
from tradewire_limits.portfolio import Unvalued, others_value, unit_value


class MaxPositionParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quantity` per symbol in its units, `notional` over all symbols in the base currency; at least one."""

    quantity: Decimal | None = None
    notional: Decimal | None = None
    on_breach: OnBreach = OnBreach.BLOCK

    def __post_init__(self) -> None:
        if self.quantity is None and self.notional is None:
            raise ValueError("max_position needs `quantity`, `notional` or both")
        require_positive(quantity=self.quantity, notional=self.notional)


class MaxPosition(Guardian):
    """No order may lift the position beyond the limit, if it and all live orders on its side fill and none on
    the other side does. An order towards zero is not held up by a limit that is exceeded already."""

    name = "max_position"
    scopes = frozenset(Scope)
    Params = MaxPositionParams

    def needs(self, params: MaxPositionParams) -> frozenset[Need]:
        return frozenset({Need.QUOTE}) if params.notional is not None else frozenset()

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "A position is limited for entries only.")
        if refusal := unusable(order):
            return refusal
        params: MaxPositionParams = view.params
        checks: list[tuple[Decimal, Verdict]] = []
        if params.quantity is not None:
            checks.append(_by_quantity(order, view, params.quantity, params.on_breach))
        if params.notional is not None:
            try:
                checks.append(_by_notional(order, view, params.notional, params.on_breach))
            except Unvalued as missing:
                return block(missing.reason, str(missing), limit=money(params.notional, view.base_currency))
        return min(checks, key=lambda check: check[0])[1]


def _reach(order: GuardedOrder, view: GuardView) -> Decimal:
    """How far the position may already go in the order's direction; negative while that is towards zero."""
    return view.exposure.highest if order.side is Side.BUY else -view.exposure.lowest


def _by_quantity(
    order: GuardedOrder, view: GuardView, limit: Decimal, on_breach: OnBreach
) -> tuple[Decimal, Verdict]:
    before = _reach(order, view)
    fits, after = limit - before, before + order.quantity
    value, bound = units(after, order.instrument), units(limit, order.instrument)
    headroom = units(limit - after, order.instrument)
    if after <= limit:
        what = f"The {_direction(order)} position in {order.symbol} of at most"
        return fits, within(after, limit, what, value=value, bound=bound, headroom=headroom)
    return fits, breached(
        order,
        on_breach,
        fits,
        "position_too_large",
        f"With this order the {_direction(order)} position in {order.symbol} could reach {value}, above the "
        f"limit of {bound}; there is room for {units(max(fits, Decimal(0)), order.instrument)}.",
        value=value,
        limit=bound,
        headroom=headroom,
    )


def _by_notional(
    order: GuardedOrder, view: GuardView, limit: Decimal, on_breach: OnBreach
) -> tuple[Decimal, Verdict]:
    one, others = unit_value(order, view), others_value(order, view)
    before = _reach(order, view)
    with localcontext(exact()) as context:
        after = others + view.exposure.adding(order.side, order.quantity).worst() * one
        left = limit - after
        context.rounding = ROUND_FLOOR
        fits = max((limit - others) / one, Decimal(0)) - before
    base = view.base_currency
    value, bound, headroom = money(after, base), money(limit, base), room(left, base)
    if order.quantity <= fits:
        what = "The value of all positions of at most"
        return fits, within(after, limit, what, value=value, bound=bound, headroom=headroom)
    return fits, breached(
        order,
        on_breach,
        fits,
        "portfolio_too_large",
        f"With this order all positions together could be worth {value}, above the limit of {bound}; there "
        f"is room for {units(max(fits, Decimal(0)), order.instrument)} of {order.symbol}.",
        value=value,
        limit=bound,
        headroom=headroom,
    )


def _direction(order: GuardedOrder) -> str:
    return "long" if order.side is Side.BUY else "short"
