"""The blueprint `limit`: your price or better."""

from collections.abc import Sequence

from tradewire import Blueprint, hookimpl
from tradewire_limit.limit import Limit


@hookimpl
def blueprint() -> Sequence[Blueprint]:
    return [Limit()]
