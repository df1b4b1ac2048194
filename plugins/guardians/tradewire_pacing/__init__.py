"""Guardians of time: the same signal twice, and a signal that comes too late."""

from collections.abc import Sequence

from tradewire import Guardian, hookimpl
from tradewire_pacing.duplicate_signal import DuplicateSignal
from tradewire_pacing.stale_signal import StaleSignal


@hookimpl
def guard() -> Sequence[Guardian]:
    return [DuplicateSignal(), StaleSignal()]
