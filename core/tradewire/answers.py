"""Whether a plugin's answer is what its stage promises: constructing a struct checks none of its fields."""

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, overload

import msgspec

from tradewire.domain.quantity import is_usable

T = TypeVar("T", bound=msgspec.Struct)
U = TypeVar("U", bound=msgspec.Struct)


class UnsoundAnswer(Exception):
    """The answer cannot be used; the text says what is wrong with it."""


@overload
def sound(answer: object, kind: type[T], /) -> T: ...


@overload
def sound(answer: object, kind: type[T], other: type[U], /) -> T | U: ...


def sound(answer: object, *kinds: type[Any]) -> Any:
    """`answer` as one of `kinds`, each field of its declared type, each number usable, each time aware.

    Raises `UnsoundAnswer`.
    """
    if not isinstance(answer, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise UnsoundAnswer(f"it answered with {type(answer).__name__} instead of {wanted}")
    try:
        checked = msgspec.convert(msgspec.to_builtins(answer), type(answer))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise UnsoundAnswer(f"its {type(answer).__name__} is malformed: {error}") from error
    _look_through(checked)
    return checked


def _look_through(value: Any) -> None:
    if isinstance(value, Decimal) and not is_usable(value):
        raise UnsoundAnswer(f"it answered with the number {value}, which no order can hold")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise UnsoundAnswer(f"it answered with the time {value}, which has no zone")
    if isinstance(value, str) and not _is_whole(value):
        raise UnsoundAnswer(f"it answered with the text {value!a}, which holds half a character")
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _look_through(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            _look_through(one)


def _is_whole(text: str) -> bool:
    """Whether a database can hold it: a surrogate that stands alone is no character."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
