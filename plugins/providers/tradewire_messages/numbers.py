"""Numbers, from JSON numbers and from texts; never through a float."""

import re
from decimal import Decimal
from typing import Any

from tradewire import InvalidMessage, is_usable
from tradewire_messages.wording import shown

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WITH_COMMAS = re.compile(r"[+-]?[0-9.]*[0-9],[0-9,.]*")
_WITH_UNIT = re.compile(r"[+-]?[0-9.]+\s*[^\W\d_]+.*")
_LONGEST = 64


def decimal(field: str, value: Any) -> Decimal:
    """The number in `value`; raises `InvalidMessage` where it is none, or of absurd size or precision."""
    if not isinstance(value, str):
        raise InvalidMessage(field, f'{field} must be a number, such as 100 or "100".')
    text = value.strip()
    if len(text) > _LONGEST:
        raise InvalidMessage(
            field, f"{field} has {len(text)} characters; no number needs more than {_LONGEST}."
        )
    if not _NUMBER.fullmatch(text):
        raise InvalidMessage(field, _why_not(field, text))
    number = Decimal(text)
    if not is_usable(number):
        raise InvalidMessage(
            field, f"{field} is {shown(text)}; numbers go up to 1000000000000000 and have up to 18 decimals."
        )
    return number


def positive(field: str, value: Any) -> Decimal:
    """A number above zero; raises `InvalidMessage` as `decimal` does."""
    number = decimal(field, value)
    if number <= 0:
        raise InvalidMessage(field, f"{field} is {shown(str(value).strip())}, but it must be above zero.")
    return number


def _why_not(field: str, text: str) -> str:
    what = f'{field} is "{shown(text)}"'
    if text == "":
        return f"{field} is empty; leave it out, or give it a number."
    if text.casefold() in ("nan", "na", "infinity", "-infinity", "inf", "-inf"):
        return f"{what}, which is not a number; guard the value in Pine with nz() or na()."
    if "%" in text:
        return f"{what}, a percentage; send the number alone, under a name or type that says of what."
    if text[:1] == "=" or re.search(r"[0-9)]\s*[*/+-]\s*[0-9(]", text):
        return f"{what}, a formula, and formulas are not worked out; send the result."
    if _WITH_COMMAS.fullmatch(text):
        return f"{what}, and a comma can mean thousands or decimals; write 1000 or 1.5, without it."
    if _WITH_UNIT.fullmatch(text):
        return f"{what}, which has a unit or a word after the number; send the number alone."
    return f"{what}, which is not a number; send one such as 100 or 0.5."
