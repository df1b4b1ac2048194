"""Numbers as they are shown: canonical text."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tradewire.domain.quantity import canonical, is_usable
from tradewire.services.refusal import Code, Refused

#: A decimal number as text, so that no reader rounds it.
Number = Annotated[str, msgspec.Meta(description="a decimal number as text", examples=["150.25"])]


def shown(value: Decimal) -> str:
    return canonical(value)


def shown_or_none(value: Decimal | None) -> str | None:
    return None if value is None else canonical(value)


def shown_price(price: str) -> str:
    """A canonical price with two decimals at least, as prices are read: 214.6 is 214.60."""
    _, _, decimals = price.partition(".")
    return f"{Decimal(price):.2f}" if len(decimals) < 2 else price


def number_in(field: str, text: str | None) -> Decimal:
    """A number that came as text; refuses in words."""
    try:
        number = Decimal(text or "")
    except ArithmeticError:
        raise Refused(Code.INVALID, f"{field} is a number such as 100 or 0.25.") from None
    if not is_usable(number):
        raise Refused(Code.INVALID, f"{field} is not a number that can be used: {text}.")
    return number
