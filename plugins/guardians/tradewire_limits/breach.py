"""What happens at a limit: the words for "within", "near" and "above", and the trim."""

from decimal import Decimal
from enum import StrEnum

from tradewire import Decision, GuardedOrder, Verdict, allow, block, canonical, round_down
from tradewire_limits.amounts import units

#: A limit used to this share is named in the verdict before it blocks (Nasdaq's pre-trade alert).
NEAR = Decimal("0.7")


class OnBreach(StrEnum):
    BLOCK = "block"
    TRIM = "trim"


def within(used: Decimal, limit: Decimal, what: str, *, value: str, bound: str, headroom: str) -> Verdict:
    """An allowing verdict, `near_limit` from 70 % of the limit on."""
    if used >= limit * NEAR:
        percent = canonical(round_down(used / limit * 100, Decimal(1)))
        return allow(
            "near_limit",
            f"{what} {value} uses {percent} % of the limit of {bound}.",
            value=value,
            limit=bound,
            headroom=headroom,
        )
    return allow(
        "within_limit",
        f"{what} {value} is within the limit of {bound}.",
        value=value,
        limit=bound,
        headroom=headroom,
    )


def breached(
    order: GuardedOrder,
    on_breach: OnBreach,
    fits: Decimal,
    reason: str,
    message: str,
    *,
    value: str,
    limit: str,
    headroom: str,
) -> Verdict:
    """A block, or a trim to what `fits` (rounded down to the lot) where something tradable is left of it."""
    if on_breach is OnBreach.BLOCK:
        return block(reason, message, value=value, limit=limit, headroom=headroom)
    kept = min(round_down(max(fits, Decimal(0)), order.instrument.lot), order.quantity)
    if kept <= 0 or kept < order.instrument.min_quantity:
        return block(
            reason,
            f"{message} Nothing that can be traded is left to trim it to.",
            value=value,
            limit=limit,
            headroom=headroom,
        )
    return Verdict(
        decision=Decision.TRIM,
        reason=reason,
        message=f"{message} It is trimmed to {units(kept, order.instrument)}.",
        value=value,
        limit=limit,
        headroom=headroom,
        quantity=kept,
    )
