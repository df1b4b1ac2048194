"""From what a message asks for to the parent orders that do it: one, or a close and an opening. Pure."""

from decimal import Decimal

from tradewire.contract.override import Draft
from tradewire.domain.algorithm import Algorithm, OnOpposite
from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import Goal, Purpose, Side
from tradewire.domain.size import SizeKind

_SIDES = {Sentiment.LONG: Side.BUY, Sentiment.SHORT: Side.SELL}
_ON_OPPOSITE = {OnOpposite.CLOSE: Goal.CLOSE, OnOpposite.SWAP: Goal.SWAP}


class Leg(Struct):
    """One parent order's aim; the fields are those of `ParentOrder`."""

    purpose: Purpose
    goal: Goal | None = None
    side: Side | None = None
    size: Decimal | None = None
    size_kind: SizeKind | None = None
    target: Decimal | None = None


class NoLegs(Struct):
    """Nothing is to be sent, and why: a reason code and a sentence."""

    reason: str
    message: str


def legs(draft: Draft, algorithm: Algorithm) -> tuple[Leg, ...] | NoLegs:
    """The legs in their order; the second of two waits for the first one's end."""
    size, kind = draft.quantity, draft.quantity_kind
    refusal = _meaningless(draft)
    if refusal is not None:
        return refusal
    if draft.action is Action.CANCEL:
        return (Leg(purpose=Purpose.CANCEL),)
    if draft.action is Action.EXIT:
        return (Leg(purpose=Purpose.EXIT, size=size, size_kind=kind),)
    if draft.action is Action.ADD:
        return (Leg(purpose=Purpose.ENTRY, goal=Goal.ADD, size=size, size_kind=kind),)
    if draft.action is Action.REVERSE:
        return _two(Goal.REVERSE, None, size, kind)
    if draft.action is Action.TARGET:
        return _towards(draft, None)
    side = Side(draft.action.value)
    if draft.target is not None:
        return _towards(draft, side)
    if draft.sentiment is Sentiment.FLAT:
        return (Leg(purpose=Purpose.EXIT, side=side),)
    if draft.sentiment is not None:
        if _SIDES[draft.sentiment] is side:
            return _two(Goal.SWAP, side, size, kind)
        # A buy that leaves a short position covers a part of it.
        return (Leg(purpose=Purpose.EXIT, side=side, size=size, size_kind=kind),)
    if algorithm.on_opposite is not OnOpposite.NET:
        return _two(_ON_OPPOSITE[algorithm.on_opposite], side, size, kind)
    return (Leg(purpose=Purpose.ENTRY, side=side, size=size, size_kind=kind),)


def _two(goal: Goal, side: Side | None, size: Decimal | None, kind: SizeKind | None) -> tuple[Leg, Leg]:
    return (
        Leg(purpose=Purpose.EXIT, goal=goal, side=side),
        Leg(purpose=Purpose.ENTRY, goal=goal, side=side, size=size, size_kind=kind),
    )


def _towards(draft: Draft, side: Side | None) -> tuple[Leg, Leg] | NoLegs:
    """To the position wanted; with a `side` only in its direction."""
    target = draft.target if draft.target is not None else draft.quantity
    if target is None:
        return NoLegs(reason="no_target", message="The order does not say which position is wanted.")
    close, opening = (
        Leg(purpose=purpose, goal=Goal.TARGET, side=side, target=target, size_kind=draft.quantity_kind)
        for purpose in (Purpose.EXIT, Purpose.ENTRY)
    )
    return close, opening


def _meaningless(draft: Draft) -> NoLegs | None:
    """A size that says nothing for such an order."""
    kind = draft.quantity_kind
    closes = draft.action is Action.EXIT or (
        draft.sentiment is not None and _SIDES.get(draft.sentiment, "") != draft.action.value
    )
    if kind is None or not (
        (closes and kind.is_risk and draft.quantity is not None)
        or (draft.action is Action.TARGET and kind is SizeKind.PERCENT_OF_POSITION)
    ):
        return None
    return NoLegs(
        reason="size_has_no_meaning",
        message=f"A size in {kind.value.replace('_', ' ')} has no meaning for {draft.action.value}; "
        "nothing is sent.",
    )
