"""The bytes of an entry: the same entry, the same bytes, on every machine and for ever."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tradewire.domain.clock import as_utc
from tradewire.domain.ledger import Entry
from tradewire.domain.quantity import canonical

_encode = msgspec.json.Encoder(order="sorted").encode
_TEXTS = ("signal_id", "parent_id", "client_id", "account_id", "algorithm_id", "by", "reason")


def body(entry: Entry) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8; absent ids left out; Decimals as canonical text.

    Raises `TypeError` for what a ledger cannot hold exactly (bytes, a set), `ValueError` for a naive time
    or a number that is not finite.
    """
    fields: dict[str, Any] = {"at": rfc3339(entry.at), "kind": entry.kind.value, "data": _plain(entry.data)}
    for name in _TEXTS:
        value = getattr(entry, name)
        if value is not None:
            fields[name] = _text(value)
    return _encode(fields)


def rfc3339(moment: datetime) -> str:
    """`2026-03-02T14:30:00.000001Z`: UTC, always with six decimals."""
    if moment.tzinfo is not UTC:
        moment = as_utc(moment)
    return moment.isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def moment_of(text: str) -> datetime:
    """The inverse of `rfc3339`; `ValueError` for any other form."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    if rfc3339(moment) != text:
        raise ValueError(f"{text} is not a time as the ledger writes it")
    return moment


def _plain(value: Any) -> Any:
    exact = _EXACT.get(type(value))
    return _other(value) if exact is None else exact(value)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {_text(key) if type(key) is str else _key(key): _plain(item) for key, item in value.items()}


def _sequence(value: Sequence[Any]) -> list[Any]:
    return [_plain(item) for item in value]


def _other(value: Any) -> Any:
    """What is of a type derived from one that a ledger holds, such as an enum."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return _sequence(value)
    raise TypeError(
        f"a ledger entry cannot hold a {type(value).__name__}: give text, int, Decimal, time, list or mapping"
    )


def _number(value: float) -> str:
    # Typed entries have none; a plugin's parameters, noted as they are, may.
    return canonical(Decimal(repr(value)))


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(key)
    raise TypeError(f"the keys of a ledger entry's data are text, not {type(key).__name__}")


def _text(value: str) -> str:
    if type(value) is str and value.isascii():
        return value
    # A lone surrogate has no UTF-8; the journal notes the event all the same.
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _itself(value: Any) -> Any:
    return value


_EXACT: Mapping[type, Callable[[Any], Any]] = {
    str: _text,
    type(None): _itself,
    bool: _itself,
    int: _itself,
    Decimal: canonical,
    float: _number,
    datetime: rfc3339,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
}
