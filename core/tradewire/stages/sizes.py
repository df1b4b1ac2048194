"""Which size counts: the message's, or the algorithm's."""

from decimal import Decimal

from tradewire.contract.override import Draft, Note
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Message, Sentiment
from tradewire.domain.order import Side
from tradewire.domain.quantity import ZERO
from tradewire.domain.size import SizeKind, spoken
from tradewire.stages.wanted import Wanted


class ChosenSize(Struct):
    """`quantity` in what `kind` says (None: units); `target` signed, in the same."""

    quantity: Decimal | None = None
    kind: SizeKind | None = None
    target: Decimal | None = None


def own_size(algorithm: Algorithm) -> tuple[Decimal | None, SizeKind | None]:
    """The algorithm's own size, and what it is in (None: units)."""
    sizing = algorithm.sizing
    value = sizing.value if sizing.value is not None else algorithm.quantity
    return value, _kind(sizing.kind)


def chosen(want: Wanted, draft: Draft, message: Message, algorithm: Algorithm) -> tuple[ChosenSize, Note]:
    """The size for what is `wanted`, and the note on it."""
    received, switch = message.quantity, algorithm.dynamic.quantity
    if want.with_target:
        return _target(want, message, algorithm)
    if want.action is Action.CANCEL:
        return _nothing(message, "a cancel ends all of the algorithm's working orders")
    if want.sentiment is Sentiment.FLAT:
        return _nothing(message, "the position that is wanted is flat: everything is closed")
    if want.action in (Action.EXIT, Action.REVERSE):
        whole = "the exit closes everything" if want.action is Action.EXIT else "as much as is closed"
        if received is None:
            return _nothing(message, f"absent: {whole}")
        if not switch:
            return _nothing(message, f"dynamic quantity is off: {whole}")
    kind = _kind(message.quantity_kind)
    own = (draft.quantity, draft.quantity_kind)
    if received is None:
        return _sized(*own, _note(None, _text(*own), "absent: the algorithm's value"))
    came = _text(received, kind)
    if switch:
        return _sized(received, kind, _note(came, came, "dynamic quantity is on"))
    if (received, kind) == own:
        return _sized(*own, _note(came, _text(*own), "the same as the algorithm's value"))
    return _sized(*own, _note(came, _text(*own), "dynamic quantity is off: the algorithm's value is used"))


def _target(want: Wanted, message: Message, algorithm: Algorithm) -> tuple[ChosenSize, Note]:
    """The signed position wanted; with the quantity switch off as large as the algorithm says, and on the
    other side none where only its own is allowed."""
    received = message.quantity if want.action is Action.TARGET else None
    received, kind = (message.target, None) if received is None else (received, _kind(message.quantity_kind))
    if received is None:
        return ChosenSize(), _note(None, None, "absent: which position is wanted is not said")
    came, target, why = _text(received, kind), received, "dynamic quantity is on"
    if not algorithm.dynamic.quantity and received != 0:
        size, kind = own_size(algorithm)
        target = (size or ZERO) * (1 if received > 0 else -1)
        why = "dynamic quantity is off: the side is the message's, the size the algorithm's"
    sign = 1 if algorithm.side is Side.BUY else -1
    if want.own_side_only and target * sign < 0:
        target, why = ZERO, "dynamic action is off: it closes, and opens nothing on the other side"
    note = _note(came, _text(target, kind), why)
    return ChosenSize(kind=kind, target=target), note


def _nothing(message: Message, why: str) -> tuple[ChosenSize, Note]:
    return ChosenSize(), _note(_text(message.quantity, _kind(message.quantity_kind)), None, why)


def _sized(quantity: Decimal | None, kind: SizeKind | None, note: Note) -> tuple[ChosenSize, Note]:
    return ChosenSize(quantity=quantity, kind=kind), note


def _kind(kind: SizeKind | None) -> SizeKind | None:
    return None if kind is SizeKind.QUANTITY else kind


def _text(size: Decimal | None, kind: SizeKind | None) -> str | None:
    return spoken(size, kind) if size is not None else None


def _note(received: str | None, used: str | None, why: str) -> Note:
    return Note(field="qty", received=received, used=used, why=why)
