"""Identifiers. Those of orders are derived, so that every replay and retry arrives at the same one."""

import hashlib
import os
from datetime import datetime

_RANDOM_BYTES = 10
_DRAWN_AT_ONCE = 400

_drawn: list[bytes] = []


def signal_id(now: datetime) -> str:
    """A UUID version 7 (RFC 9562): sorts by the time of acceptance."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(_random(), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    text = f"{value:032x}"  # as `str` of a `uuid.UUID`, at a third of the time
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _random() -> bytes:
    """Random bytes from the system, drawn ahead: asking for them lets other threads go first, every time."""
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            drawn = os.urandom(_RANDOM_BYTES * _DRAWN_AT_ONCE)
            _drawn.extend(
                drawn[start : start + _RANDOM_BYTES] for start in range(0, len(drawn), _RANDOM_BYTES)
            )


def parent_id(signal: str, algorithm: str, leg: int = 0) -> str:
    """32 lower-case hex characters: one per signal, algorithm and leg."""
    return _derive("parent", signal, algorithm, str(leg))


def client_order_id(parent: str, leg: int, slice_: int, generation: int) -> str:
    """32 lower-case hex characters, the form every broker takes; a repost or reprice is a new generation."""
    return _derive("child", parent, str(leg), str(slice_), str(generation))


def _derive(*parts: str) -> str:
    return hashlib.blake2s("\x1f".join(parts).encode(), digest_size=16).hexdigest()
