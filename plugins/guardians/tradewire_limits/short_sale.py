"""No short position unless the algorithm was allowed to have one."""

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Purpose,
    Scope,
    Side,
    Verdict,
    allow,
    block,
    not_applicable,
)
from tradewire_limits.amounts import units, unusable


class ShortSale(Guardian):
    """A sell of more than the algorithm holds, its live sells counted, is blocked; it is never trimmed, since
    what was asked for was not a smaller sale."""

    name = "short_sale"
    scopes = frozenset({Scope.ALGORITHM})
    always = frozenset({Scope.ALGORITHM})

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "Short sales are checked for entries only.")
        if order.side is Side.BUY:
            return not_applicable("buy", "A buy is no short sale.")
        if view.algorithm.allow_shorts:
            return allow("shorts_allowed", f"The algorithm {view.algorithm.name} may hold short positions.")
        if refusal := unusable(order):
            return refusal
        instrument, held = order.instrument, view.exposure.lowest
        after = held - order.quantity
        value, limit, headroom = (
            units(order.quantity, instrument),
            units(held, instrument),
            units(after, instrument),
        )
        if after >= 0:
            return allow(
                "covered",
                f"The sale of {value} is covered by {limit} that are held and not being sold already.",
                value=value,
                limit=limit,
                headroom=headroom,
            )
        return block(
            "short_not_allowed",
            f"The sale of {value} of {order.symbol} would leave {headroom}: the algorithm holds "
            f"{units(view.exposure.position, instrument)}, of which "
            f"{units(view.exposure.live_sell, instrument)} are being sold already, and it may not go short.",
            value=value,
            limit=limit,
            headroom=headroom,
        )
