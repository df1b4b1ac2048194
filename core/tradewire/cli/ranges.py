"""The numbers that an option takes; whatever is outside is told with the range, before anything is asked.

Each raises `ValueError` with what the option is, such as "is a whole number from 1 to 500".
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

Validator = Callable[[Any, Any], None]

#: As many items as the API gives at once.
MOST_ITEMS = 500
LARGEST_PORT = 65535


def between(least: int, most: int) -> Validator:
    def check(kind: Any, value: int | None) -> None:
        if value is not None and not least <= value <= most:
            raise ValueError(f"is a whole number from {least} to {most}")

    return check


def from_one(kind: Any, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError("is a whole number of at least 1")


def above_zero(kind: Any, value: str | None) -> None:
    if value is not None and not _number(value) > 0:
        raise ValueError("is a number above 0, such as 187.25")


def multiplier(kind: Any, value: str | None) -> None:
    from tradewire.services.accounts import LARGEST_MULTIPLIER

    if value is not None and not 0 < _number(value) <= LARGEST_MULTIPLIER:
        raise ValueError(
            f"is a number above 0 and at most {LARGEST_MULTIPLIER}, such as 0.5 for half of what algorithms "
            "ask for"
        )


def _number(text: str) -> Decimal:
    """Zero, which is in none of these ranges, for what is no number."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
