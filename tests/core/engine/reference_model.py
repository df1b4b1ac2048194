"""What an order is for, worked out a second time, as plainly as can be: against this the engine is held."""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tradewire.domain.order import Goal, ParentOrder, ParentState, Purpose

ZERO = Decimal(0)


def wanted(
    parent: ParentOrder,
    own: Decimal,
    close: ParentOrder | None,
    opening: Decimal,
    multiplier: Decimal,
    taken_back: Decimal,
) -> Decimal:
    """How much `parent` trades when the algorithm's own position is `own`; zero where there is nothing to do.

    `close` is the first leg of a second one; `opening` is what the algorithm's earlier entries on this side
    may still add; `taken_back` is what had not filled of its entries that the signal cancelled.
    """
    if parent.purpose is Purpose.EXIT:
        return _closes(parent, own, multiplier)
    if parent.goal is Goal.TARGET:
        target = _target(parent, multiplier)
        if _leads_away(parent, own, target):
            return ZERO
        return max(abs(target) - (abs(own) if own * target > 0 else ZERO) - opening, ZERO)
    if parent.goal is Goal.ADD and own == 0:
        return ZERO
    if parent.goal is Goal.CLOSE and close is not None and close.filled + taken_back > 0:
        return ZERO
    if parent.goal is Goal.REVERSE and (close is None or close.state is ParentState.SKIPPED):
        return ZERO
    if parent.size is None:
        return close.filled if close is not None else ZERO
    quantity = _down(parent.size * multiplier)
    is_plain = parent.goal in (None, Goal.ADD) and not parent.cancel_first
    return max(quantity - taken_back, ZERO) if is_plain else quantity


def _closes(parent: ParentOrder, own: Decimal, multiplier: Decimal) -> Decimal:
    if parent.goal is Goal.TARGET:
        target = _target(parent, multiplier)
        if _leads_away(parent, own, target):
            return ZERO
        return max(abs(own) - abs(target), ZERO) if own * target > 0 else abs(own)
    if parent.goal is None or parent.goal is Goal.REVERSE:
        wrong_side = parent.side is not None and own * parent.side.sign > 0
        part = abs(own) if parent.size is None or parent.goal is not None else min(parent.size, abs(own))
        return ZERO if wrong_side else part
    return abs(own) if parent.side is not None and own * parent.side.sign < 0 else ZERO


def _target(parent: ParentOrder, multiplier: Decimal) -> Decimal:
    target = parent.target or ZERO
    return _down(abs(target) * multiplier).copy_sign(target)


def _leads_away(parent: ParentOrder, own: Decimal, target: Decimal) -> bool:
    return parent.side is not None and (target - own) * parent.side.sign <= 0


def _down(number: Decimal) -> Decimal:
    return number.to_integral_value(rounding=ROUND_FLOOR)


def entries(fills: Iterable[Any], entry_ids: set[str]) -> set[str]:
    """The entries that make up one position, from all its `fills` in the order of their booking."""
    held, made_of = ZERO, set[str]()
    for fill in fills:
        change = fill.quantity if fill.side == "buy" else -fill.quantity
        before, held = held, held + change
        if before != 0 and before * held <= 0:
            made_of = set()
        if fill.parent_id in entry_ids and change * held > 0:
            made_of.add(fill.parent_id)
    return made_of
