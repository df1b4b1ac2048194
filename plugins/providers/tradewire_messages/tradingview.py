"""TradingView's message: the alert's text, a JSON object with Tradewire's fields."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from tradewire import Action, InvalidMessage, Message, OrderType, Parsed, Provider
from tradewire_messages import protections, values
from tradewire_messages.fields import Fields
from tradewire_messages.json_body import read_object
from tradewire_messages.numbers import decimal, positive
from tradewire_messages.times import moment

Value = TypeVar("Value")

_NEEDED_PRICES = {
    OrderType.LIMIT: ("limitPrice",),
    OrderType.STOP: ("stopPrice",),
    OrderType.STOP_LIMIT: ("stopPrice", "limitPrice"),
}


class TradingViewProvider(Provider):
    """The JSON that an alert posts, read by its content whatever the Content-Type says."""

    name = "tradingview"
    title = "TradingView"

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        """The key as it was presented, and the message; raises `InvalidMessage`. `path` is not used."""
        fields = Fields(read_object(body, may_break="apikey"))
        key = fields.value("apiKey")
        if key is not None and not isinstance(key, str):
            raise InvalidMessage("apiKey", "apiKey must be a text in quotes.")
        return Parsed(key=None if key is None else str(key), message=_message(fields))


def _message(fields: Fields) -> Message:
    if fields.value("strategyId") is None:
        raise InvalidMessage(
            "strategyId",
            "strategyId is missing; set it to the Entry Signal ID of the algorithm that should act.",
        )
    action = _read(fields, "action", values.action)
    order_type = _read(fields, "orderType", values.order_type)
    limit_price = _read(fields, "limitPrice", positive)
    stop_price = _read(fields, "stopPrice", positive)
    _check_prices(order_type, {"limitPrice": limit_price, "stopPrice": stop_price})
    return Message(
        strategy_id=values.identifier(fields.written("strategyId"), fields.value("strategyId")),
        symbol=_read(fields, "symbol", values.symbol),
        action=action,
        quantity=_quantity(fields, action),
        idempotency_id=_read(fields, "id", values.identifier),
        time=_read(fields, "time", moment),
        bar_time=_read(fields, "barTime", moment),
        price=_read(fields, "price", positive),
        order_type=order_type,
        limit_price=limit_price,
        stop_price=stop_price,
        take_profit=_read(fields, "takeProfit", protections.take_profit),
        stop_loss=_read(fields, "stopLoss", protections.stop_loss),
        time_in_force=_read(fields, "timeInForce", values.time_in_force),
        comment=_read(fields, "comment", _comment),
        test=_read(fields, "test", values.switch) or False,
        ignored=fields.ignored,
    )


def _read(fields: Fields, field: str, reader: Callable[[str, Any], Value]) -> Value | None:
    value = fields.value(field)
    return None if value is None else reader(fields.written(field), value)


def _comment(field: str, value: Any) -> str:
    return values.text(field, value, values.LONGEST_COMMENT)


def _quantity(fields: Fields, action: Action | None) -> Decimal | None:
    """Above zero in units; for a target, the signed position wanted."""
    if action is not Action.TARGET:
        return _read(fields, "qty", positive)
    if fields.value("qty") is None:
        raise InvalidMessage("qty", "qty is missing; a target needs the position that is wanted, 0 for none.")
    return _read(fields, "qty", decimal)


def _check_prices(order_type: OrderType | None, prices: Mapping[str, Decimal | None]) -> None:
    """Every price that the order type needs, and none that it would ignore."""
    if order_type is OrderType.TRAILING_STOP:
        return
    needed = _NEEDED_PRICES.get(order_type, ()) if order_type is not None else ()
    for name, price in prices.items():
        if name in needed and price is None:
            raise InvalidMessage(name, f"{name} is missing; a {order_type} order needs it.")
        if name not in needed and price is not None:
            hint = 'add "orderType"' if order_type is None else "take it out or change orderType"
            kind = "no orderType is given" if order_type is None else f"a {order_type} order does not use it"
            raise InvalidMessage(name, f"{name} is given, but {kind}; {hint}.")
