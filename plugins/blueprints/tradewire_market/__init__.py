"""The blueprint `market`: one order, now."""

from collections.abc import Sequence

from tradewire import Blueprint, hookimpl
from tradewire_market.market import Market


@hookimpl
def blueprint() -> Sequence[Blueprint]:
    return [Market()]
