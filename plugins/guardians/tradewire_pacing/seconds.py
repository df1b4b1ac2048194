"""Durations as people read them."""

from datetime import timedelta
from decimal import Decimal

from tradewire import canonical, round_down

_SECOND, _MINUTE, _HOUR, _DAY = (timedelta(seconds=length) for length in (1, 60, 3600, 86_400))


def seconds(duration: timedelta) -> str:
    """A duration in seconds, to the tenth: "8.5 s"."""
    exact = Decimal(duration // timedelta(microseconds=1)) / 1_000_000
    return f"{canonical(round_down(exact, Decimal('0.1')))} s"


def in_words(duration: timedelta) -> str:
    """A duration of any length, rounded down, in the two units that tell most of it: "95.5 s", "7 min 5 s",
    "3 h 20 min", "2 days 4 h", "2518 days"."""
    if duration < 2 * _MINUTE:
        return seconds(duration)
    if duration < _HOUR:
        return _in_two(duration, _MINUTE, "min", _SECOND, "s")
    if duration < 2 * _DAY:
        return _in_two(duration, _HOUR, "h", _MINUTE, "min")
    if duration < 30 * _DAY:
        return _in_two(duration, _DAY, "days", _HOUR, "h")
    return f"{duration // _DAY} days"


def told_apart(duration: timedelta, limit: timedelta) -> tuple[str, str]:
    """Both in words, or in seconds where the words would be the same although the durations are not."""
    one, other = in_words(duration), in_words(limit)
    if one == other and duration != limit:
        return seconds(duration), seconds(limit)
    return one, other


def _in_two(duration: timedelta, large: timedelta, large_unit: str, small: timedelta, small_unit: str) -> str:
    rest = duration % large // small
    return f"{duration // large} {large_unit}" + (f" {rest} {small_unit}" if rest else "")
