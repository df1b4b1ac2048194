"""Reading a body as strict JSON: one object, no name twice, numbers kept as they were written."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from tradewire import InvalidMessage
from tradewire_messages.broken_json import explain
from tradewire_messages.wording import folded, shown

MAX_DEPTH = 8
_BOM = "\ufeff"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Number(str):
    """A JSON number as it was written; it never passes through a float."""

    __slots__ = ()


class NotFinite(str):
    """NaN, Infinity or -Infinity: written by many programs, and not JSON."""

    __slots__ = ()


class Members(tuple[tuple[str, Any], ...]):
    """An object's names and values, in order. Values: str, Number, bool, None, list, Members."""

    __slots__ = ()


def read_object(body: bytes, may_break: str) -> Members:
    """The object in `body`, whatever its Content-Type said.

    `may_break` names a field (folded) that may hold a line break or a tab as it stands, so that its own check
    can say so. Raises `InvalidMessage` for everything else that is not one strict JSON object.
    """
    text = _text(body)
    value = _decoded(text, may_break)
    if not isinstance(value, Members):
        raise InvalidMessage(
            None, f'The message must be one JSON object such as {{"apiKey": …}}, but it is {_kind(value)}.'
        )
    _check(value, None, 1)
    return value


def _text(body: bytes) -> str:
    if body.startswith(_WIDE_BOMS):
        raise InvalidMessage(None, "The message is UTF-16; send it as UTF-8.")
    try:
        text = body.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise InvalidMessage(
            None, f"The message is not UTF-8: byte {error.start + 1} is 0x{body[error.start]:02X}."
        ) from None
    if not text.strip():
        raise InvalidMessage(None, "The message is empty; put the JSON into the alert's Message box.")
    if "\0" in text:
        raise InvalidMessage(None, f"The message holds a NUL character at position {text.index(chr(0)) + 1}.")
    return text


def _decoded(text: str, may_break: str) -> Any:
    try:
        return _STRICT.decode(text)
    except json.JSONDecodeError as error:
        broken = error
    except RecursionError:
        _too_deep()
    tolerant = _with_line_breaks(text) if broken.msg.startswith("Invalid control character") else None
    if tolerant is not None and _names_with_line_breaks(tolerant) == {may_break}:
        return tolerant
    raise explain(broken)


def _with_line_breaks(text: str) -> Members | None:
    try:
        value = _TOLERANT.decode(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, Members) else None


def _names_with_line_breaks(members: Members) -> set[str]:
    return {
        folded(name)
        for name, value in members
        if any(character < " " for text in (name, *_texts(value)) for character in text)
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Members):
        for name, item in value:
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _decoder(*, strict: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        strict=strict,
        object_pairs_hook=Members,
        parse_int=Number,
        parse_float=Number,
        parse_constant=NotFinite,
    )


_STRICT = _decoder(strict=True)
_TOLERANT = _decoder(strict=False)


def _check(value: Any, field: str | None, depth: int) -> None:
    """Refuses what JSON's grammar lets pass and nothing downstream should meet. `field` as it was written."""
    if isinstance(value, str):
        if isinstance(value, NotFinite):
            raise InvalidMessage(
                _named(field),
                f"{_named(field) or 'The message'} holds {value}, which is not a number; "
                "Pine writes an empty value so.",
            )
        _check_text(value, field)
    elif isinstance(value, Members | list):
        if depth > MAX_DEPTH:
            _too_deep()
        if isinstance(value, list):
            for item in value:
                _check(item, field, depth + 1)
            return
        _check_names(value)
        for name, item in value:
            _check(item, field or name, depth + 1)


def _check_text(text: str, field: str | None) -> None:
    if "\0" in text:
        raise InvalidMessage(_named(field), f"{_named(field) or 'The message'} holds a NUL character.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidMessage(
            _named(field),
            f"{_named(field) or 'The message'} holds half of a character (a lone surrogate).",
        )


def _named(field: str | None) -> str | None:
    return None if field is None else shown(field)


def _check_names(members: Members) -> None:
    seen: dict[str, str] = {}
    for name, _ in members:
        _check_text(name, None)
        name_folded = name.casefold()
        before = seen.get(name_folded)
        if before is not None:
            spelt = "" if before == name else f", as {shown(before)} and as {shown(name)}"
            raise InvalidMessage(
                shown(name), f"{shown(name)} stands in the message twice{spelt}; keep one of them."
            )
        seen[name_folded] = name


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return "a number" if isinstance(value, Number | NotFinite) else "a text in quotes"


def _too_deep() -> NoReturn:
    raise InvalidMessage(
        None, f"The message is nested deeper than {MAX_DEPTH} levels; a signal needs one or two."
    )
