"""Take-profit and stop-loss: a price, or an object with one distance or price."""

from typing import Any

from tradewire import InvalidMessage, Protection
from tradewire_messages.json_body import Members
from tradewire_messages.numbers import positive
from tradewire_messages.wording import folded, shown

_TAKE_PROFIT = {"limitprice": "limit_price", "price": "limit_price", "percent": "percent", "amount": "amount"}
_STOP_LOSS = {
    "stopprice": "stop_price",
    "percent": "percent",
    "amount": "amount",
    "trailamount": "trail_amount",
    "trailpercent": "trail_percent",
}
_TRAILING = ("trail_amount", "trail_percent")


def take_profit(field: str, value: Any) -> Protection:
    """A price, or an object with one of limitPrice, percent, amount; raises `InvalidMessage`."""
    if not isinstance(value, Members):
        return Protection(limit_price=positive(field, value))
    return _one_of(field, value, _TAKE_PROFIT, "limitPrice, percent or amount")


def stop_loss(field: str, value: Any) -> Protection:
    """A price, or an object with one price or distance and perhaps its type; raises `InvalidMessage`."""
    if not isinstance(value, Members):
        return Protection(stop_price=positive(field, value))
    rest = Members(member for member in value if folded(member[0]) != "type")
    protection = _one_of(field, rest, _STOP_LOSS, "stopPrice, percent, amount, trailAmount or trailPercent")
    for name, kind in value:
        if folded(name) == "type" and kind is not None:
            _check_type(f"{field}.{name}", kind, protection)
    return protection


def _one_of(field: str, members: Members, known: dict[str, str], choices: str) -> Protection:
    given: dict[str, Any] = {}
    for written, value in members:
        name = shown(written)
        attribute = known.get(folded(written))
        if attribute is None:
            raise InvalidMessage(
                f"{field}.{name}",
                f"{field} holds {name}, which this version cannot honour; use {choices}.",
            )
        if attribute in given:
            raise InvalidMessage(f"{field}.{name}", f"{field} holds {name} twice; keep one.")
        if value is not None:
            given[attribute] = positive(f"{field}.{name}", value)
    if len(given) != 1:
        raise InvalidMessage(field, f"{field} needs exactly one of {choices}.")
    return Protection(**given)


def _check_type(field: str, kind: Any, protection: Protection) -> None:
    trailing = any(getattr(protection, name) is not None for name in _TRAILING)
    wanted = "trailing_stop" if trailing else "stop"
    word = folded(kind).replace(" ", "") if isinstance(kind, str) else ""
    if word != folded(wanted):
        raise InvalidMessage(
            field, f"{field} must be {wanted} with the distance or price given, or be left out."
        )
