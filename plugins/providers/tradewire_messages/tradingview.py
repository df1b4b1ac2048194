"""TradingView's message: the alert's text, a JSON object with Tradewire's fields."""

from collections.abc import Mapping

from tradewire import Action, InvalidMessage, Message, Parsed, Provider, SizeKind
from tradewire_messages import positions, protections, values
from tradewire_messages.fields import Fields
from tradewire_messages.json_body import read_object
from tradewire_messages.numbers import positive
from tradewire_messages.prices import check_prices
from tradewire_messages.sizes import size
from tradewire_messages.times import moment
from tradewire_messages.unhonoured import refuse_unhonoured

#: The field's name -> its other spellings, folded.
_OTHER_SPELLINGS = {
    "apiKey": "",
    "strategyId": "",
    "symbol": "ticker",
    "action": "side",
    "qty": "quantity contracts",
    "qtyType": "quantitytype",
    "notional": "dollaramount dollars cash",
    "percentOfEquity": "equitypercent",
    "percentOfPosition": "positionpercent",
    "riskAmount": "riskdollaramount",
    "riskPercent": "",
    "sentiment": "marketposition",
    "position": "",
    "positionSize": "targetposition",
    "marketPositionSize": "",
    "id": "",
    "time": "",
    "barTime": "",
    "price": "signalprice",
    "orderType": "",
    "limitPrice": "",
    "stopPrice": "",
    "takeProfit": "",
    "stopLoss": "",
    "timeInForce": "tif",
    "extendedHours": "",
    "cancel": "cancelfirst",
    "comment": "",
    "test": "",
}
SPELLINGS = {
    spelling: field
    for field, others in _OTHER_SPELLINGS.items()
    for spelling in (field.casefold(), *others.split())
}
_SIZED = {
    "notional": SizeKind.NOTIONAL,
    "percentOfEquity": SizeKind.PERCENT_OF_EQUITY,
    "percentOfPosition": SizeKind.PERCENT_OF_POSITION,
    "riskAmount": SizeKind.RISK,
    "riskPercent": SizeKind.RISK_PERCENT,
}


class TradingViewProvider(Provider):
    """The JSON that an alert posts, read by its content whatever the Content-Type says."""

    name = "tradingview"
    title = "TradingView"
    alert = (
        '{"apiKey":"{key}","strategyId":"{strategyId}","symbol":"{{ticker}}",'
        '"action":"{{strategy.order.action}}","qty":"{{strategy.order.contracts}}","time":"{{timenow}}"}'
    )
    trial = '{"apiKey":"{key}","strategyId":"{strategyId}","symbol":"AAPL","action":"BUY","qty":10}'

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        """The key as it was presented, and the message; raises `InvalidMessage`. `path` is not used."""
        fields = Fields(read_object(body, may_break="apikey"), SPELLINGS, refuse_unhonoured)
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
    action = fields.read("action", values.action)
    order_type = fields.read("orderType", values.order_type)
    limit_price = fields.read("limitPrice", positive)
    stop_price = fields.read("stopPrice", positive)
    check_prices(order_type, {"limitPrice": limit_price, "stopPrice": stop_price})
    sized, position = size(fields, action, _SIZED), positions.wanted(fields)
    if action is Action.TARGET:
        sized, position = positions.target(fields, position, sized), (None, None)
    positions.check_action(fields, position, action)
    (quantity, quantity_kind), (sentiment, target) = sized, position
    return Message(
        strategy_id=values.identifier(fields.written("strategyId"), fields.value("strategyId")),
        symbol=fields.read("symbol", values.symbol),
        action=action,
        quantity=quantity,
        quantity_kind=quantity_kind,
        target=target,
        sentiment=sentiment,
        idempotency_id=fields.read("id", values.identifier),
        time=fields.read("time", moment),
        bar_time=fields.read("barTime", moment),
        price=fields.read("price", positive),
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
