"""Durations as people read them."""

from datetime import timedelta
from decimal import Decimal

from tradewire import canonical, round_down


def seconds(duration: timedelta) -> str:
    """A duration in seconds, to the tenth: "8.5 s"."""
    exact = Decimal(duration // timedelta(microseconds=1)) / 1_000_000
    return f"{canonical(round_down(exact, Decimal('0.1')))} s"
