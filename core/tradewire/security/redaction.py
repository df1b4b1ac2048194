"""Masks whatever looks like a secret, in raw messages before they are stored and in every log event."""

import re
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from tradewire.security import checked_token
from tradewire.security.known_secrets import known

MASK = "…"
#: What is shorter is no key, and masking it everywhere would only make a text unreadable.
SHORTEST_SECRET = 8

_TOKEN = re.compile(r"(?i)(tw_(?:live|api)_)([0-9a-z]+)")
_TOKEN_BYTES = re.compile(rb"(?i)(tw_(?:live|api)_)([0-9a-z]+)")
# A key that was copied without its prefix; its checksum tells it from every other text of that length.
_PREFIXES = ("tw_live_", "tw_api_")
_BARE = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Za-z]{{{checked_token.BODY_LENGTH}}}(?![0-9A-Za-z])")
_BARE_BYTES = re.compile(_BARE.pattern.encode())
#: What a text with a bare key has when its letters and digits are all the same; looking so is much quicker.
_LONG_RUN = b"a" * checked_token.BODY_LENGTH
_ALL_THE_SAME = bytes.maketrans(checked_token.ALPHABET.encode(), b"a" * len(checked_token.ALPHABET))
_ESCAPED = re.compile(rb"(?:\\u00|%)([2-7][0-9A-Fa-f])")
_PLAIN = re.compile(rb"[0-9A-Za-z_]")
_SHORTEST_WITH_LAST4 = 12

_NAMES = re.compile(
    r"(?i)pass(word|phrase|wd)|secret|(?<!_)token$|_token$|api_?key|private_?key|credential|authori[sz]ation|cookie"
    r"|pepper|^key$|presented"
)
_IN_TEXT = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"\$argon2[a-z]*\$[^\s\"']+"), f"$argon2{MASK}"),
    (re.compile(r"\bgAAAA[A-Za-z0-9_=-]{20,}"), f"gAAAA{MASK}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{MASK}@"),
    # Some formats carry their key in the address, and whatever is there may be meant as one.
    (re.compile(r"(?i)(/webhook/)(?!tw_(?:live|api)_|\{)[^/\s?#\"'<>]+"), rf"\1{MASK}"),
    (
        re.compile(
            r"(?i)((?:password|passwd|passphrase|secret|pepper|token|api[_-]?key)[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|(?!tw_)[^\s,;&}\"']+)"
        ),
        rf"\1{MASK}",
    ),
)


def redact(raw: bytes) -> bytes:
    """`raw` with everything key-like (right or wrong) shortened to its prefix, "…" and its last 4 characters,
    and a right key also where its prefix is missing.

    A key that hides behind JSON's `\\u0041` or a URL's `%41` is found as well; they are then written plainly.
    """
    plain = with_plain_letters(raw)
    if plain is not raw and _key_like(plain) != _key_like(raw):
        raw = plain
    if b"tw_" in raw.lower():
        raw = _TOKEN_BYTES.sub(lambda found: _shortened(found[0].decode("ascii")).encode(), raw)
    if _LONG_RUN in raw.translate(_ALL_THE_SAME):
        raw = _BARE_BYTES.sub(lambda found: _shortened_if_key(found[0].decode("ascii")).encode(), raw)
    return raw


def redact_text(text: str) -> str:
    """`text` for a log or an error: keys shortened, passwords, tokens and sealed values masked."""
    text = known.mask(text)
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    text = _TOKEN.sub(lambda found: _shortened(found[0]), text)
    return _BARE.sub(lambda found: _shortened_if_key(found[0]), text)


def redacted_traceback(error: BaseException, presented: str | None = None) -> str:
    """What a log may hold of a failure; whatever a message brought may stand in it, and what it `presented`
    as its key does not."""
    text = "".join(traceback.format_exception(error))
    if presented and len(presented) >= SHORTEST_SECRET:
        text = text.replace(presented, MASK)
    return redact_text(text)


def with_plain_letters(raw: bytes) -> bytes:
    """`raw` with letters, digits and underscores that JSON or a URL escapes written as they are."""
    if b"\\u00" not in raw and b"%" not in raw:
        return raw

    def plain(found: re.Match[bytes]) -> bytes:
        letter = bytes([int(found[1], 16)])
        return letter if _PLAIN.fullmatch(letter) else found[0]

    return _ESCAPED.sub(plain, raw)


def redact_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor; it belongs after `format_exc_info` and right before the renderer."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _NAMES.search(name):
        return _shortened_if_token(value)
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return redact_text(bytes(value).decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _redacted(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    if isinstance(value, msgspec.Struct):
        return {field: _redacted(field, getattr(value, field)) for field in value.__struct_fields__}
    return redact_text(str(value))


def _shortened_if_token(value: Any) -> str:
    return _shortened(value) if isinstance(value, str) and _TOKEN.fullmatch(value) else MASK


def _key_like(raw: bytes) -> list[bytes]:
    return [found[0] for pattern in (_TOKEN_BYTES, _BARE_BYTES) for found in pattern.finditer(raw)]


def _shortened_if_key(bare: str) -> str:
    is_key = any(checked_token.has_valid_checksum(prefix, prefix + bare) for prefix in _PREFIXES)
    return MASK + bare[-4:] if is_key else bare


def _shortened(token: str) -> str:
    found = _TOKEN.match(token)
    prefix, body = (found[1], found[2]) if found else ("", "")
    return prefix + MASK + (body[-4:] if len(body) >= _SHORTEST_WITH_LAST4 else "")
