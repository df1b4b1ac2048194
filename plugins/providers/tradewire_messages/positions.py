"""The position that is wanted after the trade: its side, or side and size."""

from decimal import Decimal
from typing import Any

from tradewire import Action, InvalidMessage, Sentiment, SizeKind, canonical
from tradewire_messages.fields import Fields
from tradewire_messages.json_body import Number
from tradewire_messages.numbers import decimal
from tradewire_messages.sizes import Size
from tradewire_messages.values import LONGEST_ID, text
from tradewire_messages.wording import folded, shown

_SIDES = {
    "long": Sentiment.LONG,
    "bullish": Sentiment.LONG,
    "short": Sentiment.SHORT,
    "bearish": Sentiment.SHORT,
    "flat": Sentiment.FLAT,
}
_ENTRIES = (Action.BUY, Action.SELL)
_SIZES = ("positionSize", "marketPositionSize", "position")

#: The side, and the signed position in units; each None where the message does not say.
Wanted = tuple[Sentiment | None, Decimal | None]


def sentiment(field: str, value: Any) -> Sentiment:
    """long (or bullish), short (or bearish) or flat, in any case; raises `InvalidMessage`."""
    written = text(field, value, LONGEST_ID).strip()
    side = _SIDES.get(folded(written)) if written.isascii() else None
    if side is None:
        raise InvalidMessage(field, f'{field} is "{shown(written)}"; it must be long, short or flat.')
    return side


def wanted(fields: Fields) -> Wanted:
    """The position that the message says the trade leads to.

    `position` may be a side or a size. `marketPositionSize` is TradingView's, which has no sign: its side is
    that of the sentiment. Raises `InvalidMessage` for what contradicts itself.
    """
    side, signed = fields.read("sentiment", sentiment), fields.read("positionSize", decimal)
    position, name = fields.value("position"), fields.written("position")
    if isinstance(position, Number) or (isinstance(position, str) and not position.strip().isalpha()):
        _refuse_second(fields, name, "positionSize")
        signed = decimal(name, position)
    elif position is not None:
        _refuse_second(fields, name, "sentiment")
        side = sentiment(name, position)
    signed = _with_side(fields, side, signed)
    if signed is not None:
        _check_side(_name(fields, _SIZES), side, signed)
    return side, signed


def check_action(fields: Fields, position: Wanted, action: Action | None) -> None:
    """Raises `InvalidMessage` where a position is wanted of an action that leads to none, or to its own."""
    if position == (None, None) or action in (None, *_ENTRIES):
        return
    name = _name(fields, ("sentiment", *_SIZES))
    raise InvalidMessage(
        name,
        f'{name} cannot be honoured with the action "{action}": it belongs to buy and sell; take it out.',
    )


def target(fields: Fields, position: Wanted, size: Size) -> Size:
    """The signed position that the action "target" wants; raises `InvalidMessage` where it is not clear."""
    (side, signed), (quantity, kind) = position, size
    if quantity is None:
        quantity = signed
    if quantity is None:
        raise InvalidMessage("qty", "qty is missing; a target needs the position that is wanted, 0 for none.")
    if signed is not None and (signed != quantity or kind not in (None, SizeKind.QUANTITY)):
        name = _name(fields, _SIZES)
        raise InvalidMessage(name, f"{name} and the size of the target say different things; keep one.")
    _check_side(fields.written("qty"), side, quantity)
    return quantity, kind


def _with_side(fields: Fields, side: Sentiment | None, signed: Decimal | None) -> Decimal | None:
    size, name = fields.read("marketPositionSize", decimal), fields.written("marketPositionSize")
    if size is None:
        return signed
    if size < 0 or (size != 0 and side is None):
        raise InvalidMessage(
            name, f"{name} has no side; send marketPosition with it, or positionSize, which has a sign."
        )
    sided = -size if side is Sentiment.SHORT else size
    if signed is not None and signed != sided:
        other = _name(fields, ("positionSize", "position"))
        raise InvalidMessage(name, f"{other} and {name} want different positions; keep one of them.")
    return sided


def _check_side(name: str, side: Sentiment | None, signed: Decimal) -> None:
    actual = Sentiment.LONG if signed > 0 else Sentiment.SHORT if signed < 0 else Sentiment.FLAT
    if side not in (None, actual):
        raise InvalidMessage(
            name,
            f"{name} is {canonical(signed)}, and the position that is wanted is {side}; keep one of them.",
        )


def _name(fields: Fields, candidates: tuple[str, ...]) -> str:
    return next(fields.written(one) for one in candidates if fields.value(one) is not None)


def _refuse_second(fields: Fields, name: str, other: str) -> None:
    if fields.value(other) is not None:
        raise InvalidMessage(
            name, f"{fields.written(other)} and {name} are the same field; keep one of them."
        )
