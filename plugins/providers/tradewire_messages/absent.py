"""When a field that must not have a value has none."""

from typing import Any


def is_absent(value: Any) -> bool:
    """Whether `value` asks for nothing: null, false, or a text that is empty or says false."""
    return (
        value is None
        or value is False
        or (isinstance(value, str) and value.strip().casefold() in ("", "false"))
    )
