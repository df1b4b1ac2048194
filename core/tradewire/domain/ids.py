"""Identifiers. Those of orders are derived, so that every replay and retry arrives at the same one."""

import hashlib
import os
from datetime import datetime
from uuid import UUID


def signal_id(now: datetime) -> str:
    """A UUID version 7 (RFC 9562): sorts by the time of acceptance."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(UUID(int=value))


def parent_id(signal: str, algorithm: str, leg: int = 0) -> str:
    """32 lower-case hex characters: one per signal, algorithm and leg."""
    return _derive("parent", signal, algorithm, str(leg))


def client_order_id(parent: str, leg: int, slice_: int, generation: int) -> str:
    """32 lower-case hex characters, the form every broker takes; a repost or reprice is a new generation."""
    return _derive("child", parent, str(leg), str(slice_), str(generation))


def _derive(*parts: str) -> str:
    return hashlib.blake2s("\x1f".join(parts).encode(), digest_size=16).hexdigest()
