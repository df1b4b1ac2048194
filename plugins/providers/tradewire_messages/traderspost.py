"""TradersPost's message: key and strategy in the address, the order in a JSON object.

Names are TradersPost's own; what it does not know it passes over, and so it is here. An `id` is such a name:
where it was never read, it may be the same in every message, and would make each but the first a copy.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from tradewire import Action, InvalidMessage, Message, OrderType, Parsed, Provider
from tradewire_messages import positions, protections, values
from tradewire_messages.absent import is_absent
from tradewire_messages.fields import Fields
from tradewire_messages.json_body import read_object
from tradewire_messages.numbers import positive
from tradewire_messages.prices import check_prices
from tradewire_messages.sizes import size
from tradewire_messages.times import moment
from tradewire_messages.wording import folded, shown

Value = TypeVar("Value")

#: Every spelling, folded -> the field's name, as the readers shared with other formats know it.
SPELLINGS = {
    "ticker": "symbol",
    "action": "action",
    "sentiment": "sentiment",
    "quantity": "qty",
    "quantitytype": "qtyType",
    "price": "price",
    "signalprice": "signalPrice",
    "ordertype": "orderType",
    "limitprice": "limitPrice",
    "stopprice": "stopPrice",
    "takeprofit": "takeProfit",
    "stoploss": "stopLoss",
    "timeinforce": "timeInForce",
    "time": "time",
    "extendedhours": "extendedHours",
    "cancel": "cancel",
    "comment": "comment",
    "test": "test",
    "strategyid": "strategyId",
}
ACTIONS = (Action.BUY, Action.SELL, Action.EXIT, Action.CANCEL, Action.ADD)

_REASONS = {
    "options are not traded by this version; take it out and send the underlying's ticker": (
        "optiontype intrinsicvalue expiration strikecount strikesaway strikeprice"
    ),
    "orders of several legs are not sent by this version; send one message for each leg": "legs",
    "trailing orders are not sent by this version; take it out, or use orderType stop with stopPrice": (
        "trailamount trailpercent"
    ),
    "a signal is worked at once; take it out": "delay",
    "the guardian stale_signal says how old a signal may be; take it out": "rejectafter",
    "an order stays as long as its timeInForce says; take it out": "cancelafter",
    "the key stands in the address here; take it out": "apikey",
}
#: A field that would change the order, folded -> what is wrong with it and what to do.
UNHONOURED = {name: reason for reason, names in _REASONS.items() for name in names.split()}
_OPTION = re.compile(r"[A-Za-z.]{1,6}\s*[0-9]{6}[CPcp][0-9.]+")


class TradersPostProvider(Provider):
    """TradersPost's JSON at `/api/traderspost/webhook/{key}/{strategyId}`."""

    name = "traderspost"
    title = "TradersPost"
    address = ("key", "strategyId")
    alert = (
        '{"ticker":"{{ticker}}","action":"{{strategy.order.action}}","sentiment":"{{strategy.market_position}}",'
        '"quantity":"{{strategy.order.contracts}}","price":"{{close}}","time":"{{timenow}}"}'
    )
    trial = '{"ticker":"AAPL","action":"buy","quantity":10}'

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        """The key and the strategy of the address, and the message; raises `InvalidMessage`."""
        fields = Fields(read_object(body, may_break=""), SPELLINGS, _refuse_unhonoured)
        return Parsed(key=path["key"], message=_message(fields, path["strategyId"]))


def _message(fields: Fields, strategy: str) -> Message:
    strategy_id = values.identifier("strategyId", strategy)
    if fields.read("strategyId", values.identifier) not in (None, strategy_id):
        raise InvalidMessage("strategyId", "strategyId is another one than the address says; keep that one.")
    action = _needed(fields, "action", "action", _action)
    order_type = fields.read("orderType", _order_type)
    limit_price = fields.read("limitPrice", positive)
    stop_price = fields.read("stopPrice", positive)
    check_prices(order_type, {"limitPrice": limit_price, "stopPrice": stop_price})
    quantity, quantity_kind = size(fields, action, {})
    sentiment = fields.read("sentiment", positions.sentiment)
    positions.check_action(fields, (sentiment, None), action)
    return Message(
        strategy_id=strategy_id,
        symbol=_needed(fields, "symbol", "ticker", _ticker),
        action=action,
        quantity=quantity,
        quantity_kind=quantity_kind,
        sentiment=sentiment,
        time=fields.read("time", moment),
        price=_price(fields),
        order_type=order_type,
        limit_price=limit_price,
        stop_price=stop_price,
        take_profit=fields.read("takeProfit", protections.take_profit),
        stop_loss=fields.read("stopLoss", protections.stop_loss),
        time_in_force=fields.read("timeInForce", values.time_in_force),
        extended_hours=fields.read("extendedHours", values.switch),
        cancel_first=fields.read("cancel", values.switch),
        comment=fields.read("comment", values.comment),
        test=fields.read("test", values.switch) or False,
        ignored=fields.ignored,
    )


def _needed(fields: Fields, field: str, name: str, reader: Callable[[str, Any], Value]) -> Value:
    value = fields.read(field, reader)
    if value is None:
        raise InvalidMessage(name, f"{name} is missing; a message of TradersPost always has it.")
    return value


def _action(field: str, value: Any) -> Action:
    action = values.action(field, value)
    if action not in ACTIONS:
        choices = ", ".join(ACTIONS)
        raise InvalidMessage(field, f'{field} is "{action}"; here it must be one of {choices}.')
    return action


def _ticker(field: str, value: Any) -> str:
    if isinstance(value, str) and _OPTION.fullmatch(value.strip()):
        raise InvalidMessage(
            field,
            f'{field} is "{shown(value)}", an option, and options are not traded by this version.',
        )
    return values.symbol(field, value)


def _order_type(field: str, value: Any) -> OrderType:
    order_type = values.order_type(field, value)
    if order_type is OrderType.TRAILING_STOP:
        raise InvalidMessage(
            field, f"{field} is trailing_stop, and trailing orders are not sent by this version."
        )
    return order_type


def _price(fields: Fields) -> Decimal | None:
    """`price` and `signalPrice` are one field under two names; both may stand in a message if they agree."""
    price, signal_price = fields.read("price", positive), fields.read("signalPrice", positive)
    if price is not None and signal_price is not None and price != signal_price:
        raise InvalidMessage(
            "signalPrice", "price and signalPrice are the same field and differ; keep one of them."
        )
    return price if signal_price is None else signal_price


def _refuse_unhonoured(name: str, value: Any) -> bool:
    """Whether `name` is a field that cannot be honoured, without a value; raises where it has one."""
    reason = UNHONOURED.get(folded(name))
    if reason is not None and not is_absent(value):
        raise InvalidMessage(name, f"{name} cannot be honoured: {reason}.")
    return reason is not None
