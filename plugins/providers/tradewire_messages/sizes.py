"""How much: units, money, a share of equity or of the position, or what may be lost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradewire import Action, InvalidMessage, SizeKind
from tradewire_messages.fields import Fields
from tradewire_messages.numbers import decimal, positive
from tradewire_messages.wording import folded, shown

#: What `qtyType` may say, folded; TradersPost's names and those of this application.
_KINDS = {
    "fixedquantity": SizeKind.QUANTITY,
    "quantity": SizeKind.QUANTITY,
    "dollaramount": SizeKind.NOTIONAL,
    "amountperposition": SizeKind.NOTIONAL,
    "notional": SizeKind.NOTIONAL,
    "percentofequity": SizeKind.PERCENT_OF_EQUITY,
    "percentofposition": SizeKind.PERCENT_OF_POSITION,
    "riskdollaramount": SizeKind.RISK,
    "riskperposition": SizeKind.RISK,
    "risk": SizeKind.RISK,
    "riskpercent": SizeKind.RISK_PERCENT,
}
_CHOICES = "fixed_quantity, dollar_amount, percent_of_equity, percent_of_position, risk_dollar_amount"
_AT_RISK = (SizeKind.RISK, SizeKind.RISK_PERCENT)

Size = tuple[Decimal | None, SizeKind | None]


def size(fields: Fields, action: Action | None, own: Mapping[str, SizeKind]) -> Size:
    """The quantity and what it is given in, both None where the message gives none.

    Above zero, of a target the signed position wanted. `own`: fields that are named after what they are given
    in. Raises `InvalidMessage` where two fields size the order, or the action cannot be sized so.
    """
    given = [name for name in ("qty", *own) if fields.value(name) is not None]
    if len(given) > 1:
        first, second = (fields.written(name) for name in given[:2])
        raise InvalidMessage(first, f"{first} and {second} both size the order; keep one of them.")
    typed, type_field = fields.read("qtyType", _kind), fields.written("qtyType")
    if not given:
        if typed not in (None, SizeKind.QUANTITY):
            raise InvalidMessage(
                type_field, f"{type_field} is given without a number; send the number, or take it out."
            )
        return None, None
    field = given[0]
    name = fields.written(field)
    if field != "qty" and typed is not None:
        raise InvalidMessage(type_field, f"{name} says already what it is given in; take {type_field} out.")
    kind = typed if field == "qty" else own[field]
    _check(type_field if field == "qty" else name, kind, action)
    return fields.read(field, decimal if action is Action.TARGET else positive), kind


def _kind(field: str, value: Any) -> SizeKind:
    kind = _KINDS.get(folded(value).replace(" ", "")) if isinstance(value, str) and value.isascii() else None
    if kind is None:
        given = f'"{shown(value)}"' if isinstance(value, str) else "not a text"
        raise InvalidMessage(field, f"{field} is {given}; it must be one of {_CHOICES}.")
    return kind


def _check(field: str, kind: SizeKind | None, action: Action | None) -> None:
    if action is Action.TARGET and kind is SizeKind.PERCENT_OF_POSITION:
        raise InvalidMessage(
            field, f"{field} cannot be honoured: a target says itself which position is wanted."
        )
    if action is Action.EXIT and kind in _AT_RISK:
        raise InvalidMessage(
            field,
            f"{field} cannot be honoured: an exit risks nothing; it closes everything, or what qty says.",
        )
