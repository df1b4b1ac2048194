"""The chain: what a seal's hash is, and which ledger it belongs to."""

from hashlib import sha256
from struct import Struct
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from tradewire.store.schema.ledger import ledger_origin

_ORIGIN = 1
# Signed only so that a number below zero, which tampering can put there, has bytes at all.
_place = Struct(">qq").pack


def genesis(store_id: str) -> bytes:
    """What entry 1 is chained to: SHA-256 of `tradewire ledger 1`, a line feed and the store id in UTF-8."""
    return sha256(b"tradewire ledger 1\n" + store_id.encode()).digest()


def link(previous: bytes, number: int, seq: int, body: bytes) -> bytes:
    """The hash of an entry: SHA-256 over 32 + 8 + 8 + 32 bytes.

    The previous entry's hash, the entry's number and its seq (big endian), and the SHA-256 of its body.
    """
    return link_digest(previous, number, seq, sha256(body).digest())


def link_digest(previous: bytes, number: int, seq: int, digest: bytes) -> bytes:
    """`link` for a body of which only the SHA-256 is known."""
    return sha256(previous + _place(number, seq) + digest).digest()


def store_id(conn: Connection) -> str | None:
    """The id of this ledger; None before the first sealing, and where tampering left something else there."""
    found: object = conn.execute(
        select(ledger_origin.c.store_id).where(ledger_origin.c.id == _ORIGIN)
    ).scalar_one_or_none()
    return found if isinstance(found, str) else None


def ensure_store_id(conn: Connection) -> str:
    """The id of this ledger, drawn at random if there is none; `IntegrityError` if another was quicker."""
    found = store_id(conn)
    if found is None:
        found = str(uuid4())
        conn.execute(insert(ledger_origin), {"id": _ORIGIN, "store_id": found})
    return found
