"""What is kept of a message, and the digest by which a copy is known: both without its key."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tradewire.domain.message import Message
from tradewire.security.keys import find_keys, is_shaped
from tradewire.security.redaction import MASK, SHORTEST_SECRET, redact, with_plain_letters

_SHORTEST_IN_A_SENTENCE = 4
# The field that carries the key, however it is written and whatever is in it, also where the JSON is broken.
_FIELD = re.compile(
    rb"(?i)((?<![0-9a-z])a[-_]*p[-_]*i[-_]*k[-_]*e[-_]*y[^0-9a-z:=,{}\[\]]*[:=]\s*)"
    rb"(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|\{[^}]*\}?|\[[^\]]*\]?|[^\s,}\]\"']+)",
    re.DOTALL,
)
_MASKED = f'"{MASK}"'.encode()


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

    `presented` is what the message gave as its key; it is masked also where it does not look like one, and so
    is whatever else stands in the field for it.
    """
    if presented and _is_odd(presented):
        body = _masked(body, presented)
    plain = with_plain_letters(body)
    if plain is not body and len(_FIELD.findall(plain)) != len(_FIELD.findall(body)):
        body = plain
    return redact(_FIELD.sub(_without_value, body))[:most]


def presented_in(body: bytes) -> list[str]:
    """What stands in the fields for the key."""
    values = (found[2].strip(b"\"'") for found in _FIELD.finditer(with_plain_letters(body)))
    return [value.decode("utf-8", "backslashreplace") for value in values]


def redacted_text(text: str, presented: Iterable[str | None] = ()) -> str:
    """`text` with every key in it shortened, and what was presented as one masked."""
    for one in presented:
        if one and len(one) >= _SHORTEST_IN_A_SENTENCE and not is_shaped(one):
            text = text.replace(one, MASK)
    return redact(_bytes(text)).decode()


def redacted_message(message: Message, presented: str | None = None) -> Message:
    """`message` without the keys that its author may have put into a comment or another field."""
    plain = msgspec.json.encode(message)
    safe = redact(plain)
    if presented and _is_odd(presented):
        safe = safe.replace(msgspec.json.encode(_encodable(presented))[1:-1], MASK.encode())
    return message if safe == plain else msgspec.json.decode(safe, type=Message)


def _is_odd(presented: str) -> bool:
    return len(presented) >= SHORTEST_SECRET and not is_shaped(presented)


def _without_value(field: re.Match[bytes]) -> bytes:
    """A key of the right form keeps its prefix and its last characters, by `redact`."""
    is_key = is_shaped(field[2].strip(b'"').decode("utf-8", "replace"))
    return field[0] if is_key else field[1] + _MASKED


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


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
