"""Texts, choices and switches: one function for each kind of value."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from tradewire import Action, InvalidMessage, OrderType, TimeInForce
from tradewire_messages.wording import folded, is_key_like, shown

Choice = TypeVar("Choice", bound=StrEnum)

LONGEST_SYMBOL = 64
LONGEST_ID = 128
LONGEST_COMMENT = 1000

_DELAYED = ("_DLY", "_DL")
_INSTEAD = {
    "long": "buy",
    "short": "sell",
    "enterlong": "buy",
    "entershort": "sell",
    "flat": "exit",
    "flatten": "exit",
    "closeall": "exit",
    "exitlong": "exit",
    "exitshort": "exit",
    "closelong": "exit",
    "closeshort": "exit",
    "cancelall": "cancel",
}


def text(field: str, value: Any, longest: int) -> str:
    """A text as it was written (a number counts as its digits); raises `InvalidMessage`."""
    if not isinstance(value, str):
        raise InvalidMessage(field, f"{field} must be a text in quotes.")
    if len(value) > longest:
        raise InvalidMessage(field, f"{field} has {len(value)} characters; at most {longest} are taken.")
    if is_key_like(value):
        raise InvalidMessage(
            field, f"{field} holds what looks like an API key; a key belongs in apiKey only."
        )
    return str(value)


def identifier(field: str, value: Any) -> str:
    """An id, compared to the character, so it is kept as written; raises `InvalidMessage`."""
    written = text(field, value, LONGEST_ID)
    if not written.strip():
        raise InvalidMessage(field, f"{field} is empty.")
    if not written.isprintable():
        raise InvalidMessage(field, f"{field} holds a line break or another invisible character; remove it.")
    return written


def comment(field: str, value: Any) -> str:
    """A remark, kept with the signal; raises `InvalidMessage`."""
    return text(field, value, LONGEST_COMMENT)


def symbol(field: str, value: Any) -> str:
    """A ticker as TradingView writes it, without outer spaces and the mark of delayed data."""
    ticker = text(field, value, LONGEST_SYMBOL).strip()
    if not ticker:
        raise InvalidMessage(field, f"{field} is empty; leave it out, or give it a ticker such as AAPL.")
    if not ticker.isprintable() or any(character.isspace() for character in ticker):
        raise InvalidMessage(
            field, f'{field} is "{shown(ticker)}", and a ticker has no spaces or invisible characters.'
        )
    if not ticker.isascii():
        # In capitals "ß" is "SS", and another company's ticker.
        raise InvalidMessage(field, f'{field} is "{shown(ticker)}", and a ticker has no letters but A to Z.')
    exchange, colon, name = ticker.partition(":")
    mark = next((mark for mark in _DELAYED if exchange.upper().endswith(mark)), None)
    return exchange[: -len(mark)] + colon + name if mark is not None and colon else ticker


def action(field: str, value: Any) -> Action:
    """buy, sell, add, exit (or close), reverse, cancel or target, in any case; raises `InvalidMessage`."""
    word = _word(text(field, value, LONGEST_ID))
    if word == "close":
        return Action.EXIT
    if word in _INSTEAD:
        raise InvalidMessage(
            field,
            f'{field} is "{shown(str(value).strip())}", which is not an action; write {_INSTEAD[word]}.',
        )
    return _choice(field, value, Action)


def order_type(field: str, value: Any) -> OrderType:
    """market, limit, stop, stop_limit or trailing_stop, in any case and with space, `_` or `-`."""
    return _choice(field, value, OrderType)


def time_in_force(field: str, value: Any) -> TimeInForce:
    """day, gtc, opg, cls, ioc or fok, in any case."""
    return _choice(field, value, TimeInForce)


def switch(field: str, value: Any) -> bool:
    """true or false, as JSON writes them or in quotes; raises `InvalidMessage`."""
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    if word not in ("true", "false"):
        raise InvalidMessage(field, f"{field} must be true or false.")
    return word == "true"


def _word(written: str) -> str:
    """In lower case only where it is written in ASCII: folded, "ſell" would be "sell"."""
    return folded(written) if written.isascii() else written


@cache
def _spelt(kind: type[StrEnum]) -> Mapping[str, StrEnum]:
    return {folded(member.value): member for member in kind}


def _choice(field: str, value: Any, kind: type[Choice]) -> Choice:
    written = text(field, value, LONGEST_ID).strip()
    chosen = _spelt(kind).get(_word(written).replace(" ", ""))
    if chosen is not None:
        return kind(chosen)
    choices = ", ".join(member.value for member in kind)
    given = f'"{shown(written)}"' if written else "empty"
    raise InvalidMessage(field, f"{field} is {given}; it must be one of {choices}.")
