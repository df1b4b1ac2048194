"""What is kept of a message, and the digest by which a copy is known: both without its key."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from tradewire.domain.message import Message
from tradewire.security.keys import find_keys, is_shaped
from tradewire.security.redaction import MASK, redact, with_plain_letters

#: What is shorter is no key, and masking it everywhere would only make the message unreadable.
_SHORTEST_SECRET = 8


def digest(provider: str, connection: str, address: Sequence[str], body: bytes) -> str:
    """64 hex characters over who sent what where, with every key cut out.

    So a copy is known as one also when it is sent again with a new key of its connection. `address`: the
    URL's further parts, where a format names its strategy in them; without its key.
    """
    keys = [key.encode() for key in find_keys(body)]
    if any(key not in body for key in keys):
        body = with_plain_letters(body)
    for key in keys:
        body = body.replace(key, b"")
    named = (connection, *address)
    return _digest("content", provider, *(_bytes(part) for part in named), body.strip())


def id_digest(provider: str, strategy: str, idempotency_id: str) -> str:
    """64 hex characters over an explicit id and where it counts: its provider and strategy."""
    return _digest("id", provider, _bytes(strategy), _bytes(idempotency_id))


def kept(body: bytes, presented: str | None, most: int) -> bytes:
    """The body as it is stored: keys shortened, at most `most` bytes.

    `presented` is what the message gave as its key; it is masked also where it does not look like one.
    """
    if presented and len(presented) >= _SHORTEST_SECRET and not is_shaped(presented):
        body = _masked(body, presented)
    return redact(body)[:most]


def redacted_text(text: str) -> str:
    """`text` with every key in it shortened; nothing else is changed."""
    return redact(_bytes(text)).decode()


def redacted_message(message: Message) -> Message:
    """`message` without the keys that its author may have put into a comment or another field."""
    plain = msgspec.json.encode(message)
    safe = redact(plain)
    return message if safe == plain else msgspec.json.decode(safe, type=Message)


def _masked(body: bytes, presented: str) -> bytes:
    literal = _bytes(presented)
    if literal in body:
        return body.replace(literal, MASK.encode())
    try:
        return msgspec.json.encode(_walk(msgspec.json.decode(body), presented))
    except msgspec.MsgspecError:
        return MASK.encode()


def _walk(value: Any, presented: str) -> Any:
    if isinstance(value, str):
        return MASK if value == presented else value
    if isinstance(value, dict):
        return {key: _walk(item, presented) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, presented) for item in value]
    return value


def _digest(kind: str, provider: str, *parts: bytes) -> str:
    whole = hashlib.blake2b(digest_size=32)
    for part in (kind.encode(), _bytes(provider), *parts):
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
