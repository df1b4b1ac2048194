"""Numbers as they are shown: canonical text."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tradewire.domain.quantity import canonical

#: A decimal number as text, so that no reader rounds it.
Number = Annotated[str, msgspec.Meta(description="a decimal number as text", examples=["150.25"])]


def shown(value: Decimal) -> str:
    return canonical(value)


def shown_or_none(value: Decimal | None) -> str | None:
    return None if value is None else canonical(value)
