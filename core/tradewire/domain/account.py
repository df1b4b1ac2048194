"""A connected broker account."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradewire.domain.algorithm import Plugged
from tradewire.domain.base import Struct


class AccountMode(StrEnum):
    PAPER = "paper"
    LIVE = "live"


class Account(Struct, kw_only=True):
    """`currency` is the base currency. `config` holds no secret; credentials are stored apart, encrypted.

    `quantity_multiplier`, above 0, scales what algorithms open on this account, and never what they close.
    """

    id: str
    name: str
    broker: str
    mode: AccountMode = AccountMode.PAPER
    currency: str = "USD"
    quantity_multiplier: Decimal = Decimal(1)
    config: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    guardians: tuple[Plugged, ...] = ()
    created_at: datetime
