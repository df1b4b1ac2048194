"""TradersPost's messages: what is read, what is passed over, and what is refused by name."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import (
    Action,
    InvalidMessage,
    Message,
    OrderType,
    Protection,
    Sentiment,
    SizeKind,
    TimeInForce,
)
from tradewire_messages.traderspost import TradersPostProvider

PATH = {"key": "the key", "strategyId": "s1"}
Parse = Callable[..., Message]
Refuse = Callable[..., InvalidMessage]


@pytest.fixture(scope="session")
def traderspost() -> TradersPostProvider:
    return TradersPostProvider()


@pytest.fixture(scope="session")
def read(traderspost: TradersPostProvider) -> Parse:
    """The message parsed from the given fields over a buy of AAPL."""

    def parse(**fields: Any) -> Message:
        body = {"ticker": "AAPL", "action": "buy"} | fields
        return traderspost.parse(json.dumps(body).encode(), PATH).message

    return parse


@pytest.fixture(scope="session")
def refused(read: Parse) -> Refuse:
    def refuse(**fields: Any) -> InvalidMessage:
        with pytest.raises(InvalidMessage) as caught:
            read(**fields)
        assert caught.value.reason.endswith(".")
        return caught.value

    return refuse


def test_key_and_strategy_are_those_of_the_address(traderspost: TradersPostProvider) -> None:
    parsed = traderspost.parse(b'{"ticker": "AMD", "action": "buy"}', PATH)
    assert parsed.key == "the key"
    assert parsed.message == Message(strategy_id="s1", symbol="AMD", action=Action.BUY)


def test_the_alert_of_a_strategy_is_read_whole(read: Parse) -> None:
    message = read(
        ticker="TSLA",
        action="sell",
        sentiment="short",
        quantity="5",
        price="420.69",
        time="2026-03-02T14:30:00Z",
        interval="5",
    )
    assert message == Message(
        strategy_id="s1",
        symbol="TSLA",
        action=Action.SELL,
        quantity=Decimal(5),
        sentiment=Sentiment.SHORT,
        price=Decimal("420.69"),
        time=datetime(2026, 3, 2, 14, 30, tzinfo=UTC),
        ignored=("interval",),
    )


def test_an_order_with_everything_is_read_whole(read: Parse) -> None:
    message = read(
        orderType="limit",
        limitPrice=50.5,
        signalPrice=51,
        quantity=1000,
        quantityType="dollar_amount",
        takeProfit={"percent": 10},
        stopLoss={"type": "stop", "percent": 5},
        timeInForce="gtc",
        extendedHours=True,
        cancel=False,
        test=True,
        extras={"rsi": 23},
    )
    assert (message.order_type, message.limit_price) == (OrderType.LIMIT, Decimal("50.5"))
    assert (message.quantity, message.quantity_kind) == (Decimal(1000), SizeKind.NOTIONAL)
    assert message.price == 51
    assert message.take_profit == Protection(percent=Decimal(10))
    assert message.stop_loss == Protection(percent=Decimal(5))
    assert message.time_in_force is TimeInForce.GTC
    assert (message.extended_hours, message.cancel_first, message.test) == (True, False, True)
    assert message.ignored == ("extras",)


@pytest.mark.parametrize("action", ["buy", "sell", "exit", "cancel", "add"])
def test_each_of_its_actions_is_read(read: Parse, action: str) -> None:
    assert read(action=action).action == action


@pytest.mark.parametrize("action", ["reverse", "target", "bu", "", None])
def test_no_other_action_is(refused: Refuse, action: object) -> None:
    assert refused(action=action).field == "action"


@pytest.mark.parametrize(
    ("written", "side"),
    [
        ("bullish", Sentiment.LONG),
        ("long", Sentiment.LONG),
        ("bearish", Sentiment.SHORT),
        ("short", Sentiment.SHORT),
        ("flat", Sentiment.FLAT),
    ],
)
@pytest.mark.parametrize("action", ["buy", "sell"])
def test_a_sentiment_is_read_with_a_buy_or_a_sell(
    read: Parse, action: str, written: str, side: Sentiment
) -> None:
    assert read(action=action, sentiment=written).sentiment is side


@pytest.mark.parametrize("action", ["exit", "cancel", "add"])
@pytest.mark.parametrize("side", ["long", "short", "flat"])
def test_a_sentiment_is_refused_with_any_other_action(refused: Refuse, action: str, side: str) -> None:
    refusal = refused(action=action, sentiment=side)
    assert (refusal.field, "belongs to buy and sell" in refusal.reason) == ("sentiment", True)


@pytest.mark.parametrize(
    ("kind", "read_as"),
    [
        ("fixed_quantity", SizeKind.QUANTITY),
        ("dollar_amount", SizeKind.NOTIONAL),
        ("amount_per_position", SizeKind.NOTIONAL),
        ("risk_dollar_amount", SizeKind.RISK),
        ("risk_per_position", SizeKind.RISK),
        ("percent_of_equity", SizeKind.PERCENT_OF_EQUITY),
        ("percent_of_position", SizeKind.PERCENT_OF_POSITION),
    ],
)
def test_each_type_of_quantity_is_read(read: Parse, kind: str, read_as: SizeKind) -> None:
    assert read(quantity=10, quantityType=kind).quantity_kind is read_as


@pytest.mark.parametrize(
    ("fields", "protection"),
    [
        ({"stopLoss": {"type": "stop", "stopPrice": 90}}, Protection(stop_price=Decimal(90))),
        ({"stopLoss": {"amount": 5}}, Protection(amount=Decimal(5))),
        (
            {"stopLoss": {"type": "trailing_stop", "trailPercent": 1}},
            Protection(trail_percent=Decimal(1)),
        ),
        ({"stopLoss": {"type": "trailing_stop", "trailAmount": "1"}}, Protection(trail_amount=Decimal(1))),
        ({"takeProfit": {"limitPrice": 19.99}}, Protection(limit_price=Decimal("19.99"))),
        ({"takeProfit": {"price": 19.99}}, Protection(limit_price=Decimal("19.99"))),
        ({"takeProfit": {"amount": 10}}, Protection(amount=Decimal(10))),
    ],
)
def test_its_exits_are_read(read: Parse, fields: dict[str, Any], protection: Protection) -> None:
    message = read(**fields)
    assert protection in (message.stop_loss, message.take_profit)


REFUSED = [
    *(("optionType", "call"), ("intrinsicValue", "itm"), ("expiration", "+6 months"), ("strikeCount", 10)),
    *(("strikesAway", 2), ("strikePrice", 68), ("legs", [{}]), ("trailAmount", 1), ("trailPercent", "1")),
    *(("delay", 60), ("rejectAfter", 30), ("cancelAfter", 1800), ("apiKey", "k"), ("trail_amount", 1)),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_cannot_be_honoured_is_refused_by_name(refused: Refuse, name: str, value: object) -> None:
    refusal = refused(**{name: value})
    assert refusal.field == name
    assert refusal.reason.startswith(f"{name} cannot be honoured")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"orderType": "trailing_stop"}, "orderType", "trailing orders are not sent"),
        ({"orderType": "limit"}, "limitPrice", "is missing"),
        ({"limitPrice": 5}, "limitPrice", "no orderType"),
        ({"timeInForce": "gtd"}, "timeInForce", "must be one of day, gtc"),
        ({"stopLoss": {"type": "stop_limit", "stopPrice": 9, "limitPrice": 8}}, "stopLoss.limitPrice", ""),
        ({"takeProfit": {"limitPrice": 9, "price": 9}}, "takeProfit.price", "twice"),
        ({"quantity": "=signal.price*2"}, "quantity", "a formula"),
        ({"quantity": "{{strategy.order.contracts}}"}, "quantity", "did not fill"),
        ({"quantityType": "percent_of_equity"}, "quantityType", "without a number"),
        ({"quantityType": "lots", "quantity": 1}, "quantityType", "must be one of fixed_quantity"),
        ({"sentiment": "up"}, "sentiment", "long, short or flat"),
        ({"ticker": "SQ 240510C68"}, "ticker", "an option"),
        ({"ticker": "SPY250624P596.5"}, "ticker", "an option"),
        ({"ticker": None}, "ticker", "is missing"),
        ({"ticker": ""}, "ticker", "is empty"),
        ({"price": 10, "signalPrice": 11}, "signalPrice", "differ"),
        ({"strategyId": "another"}, "strategyId", "the address says"),
        ({"extendedHours": "yes"}, "extendedHours", "true or false"),
        ({"comment": "tw_live_abcdefgh"}, "comment", "a key belongs"),
    ],
)
def test_a_field_that_is_wrong_is_refused_by_name(
    refused: Refuse, fields: dict[str, Any], field: str, words: str
) -> None:
    refusal = refused(**fields)
    assert refusal.field == field
    assert words in refusal.reason


@pytest.mark.parametrize("value", [None, False, "", "false"])
@pytest.mark.parametrize("name", ["optionType", "trailAmount", "delay", "apiKey"])
def test_without_a_value_it_is_absent(read: Parse, name: str, value: object) -> None:
    assert read(**{name: value}).ignored == ()


@pytest.mark.parametrize(
    "name",
    ["id", "symbol", "qty", "contracts", "side", "notional", "leverage", "position", "marketPosition", "sl"],
)
def test_names_that_the_format_does_not_have_mean_nothing(read: Parse, name: str) -> None:
    """Not even an `id`, which would make every later message with it a copy."""
    plain = Message(strategy_id="s1", symbol="AAPL", action=Action.BUY, ignored=(name,))
    assert read(**{name: "5"}) == plain


def test_two_names_for_the_signals_price_may_agree(read: Parse) -> None:
    assert read(price="10.0", signalPrice=10).price == 10


def test_the_strategy_may_be_repeated_in_the_message(read: Parse) -> None:
    assert read(strategyId="s1").strategy_id == "s1"


@pytest.mark.parametrize("strategy", ["", " ", "a\nb", "x" * 129, "tw_live_abcdefgh"])
def test_the_addresss_strategy_is_checked_as_any_other(
    traderspost: TradersPostProvider, strategy: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        traderspost.parse(b'{"ticker": "A", "action": "buy"}', {"key": "k", "strategyId": strategy})
    assert caught.value.field == "strategyId"
    assert "abcdefgh" not in caught.value.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        *("ticker", "action", "sentiment", "quantity", "quantityType", "price", "signalPrice", "orderType"),
        *("limitPrice", "stopPrice", "takeProfit", "stopLoss", "timeInForce", "time", "extendedHours"),
        *("cancel", "comment", "test", "strategyId", "trailAmount", "legs", "extras"),
    ]
)
VALUES = JSON | st.sampled_from(["buy", "exit", "long", "flat", "AAPL", "limit", "5", "gtc", "dollar_amount"])


@given(
    body=st.binary(max_size=200)
    | st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=8).map(
        lambda one: json.dumps(one).encode()
    ),
    path=st.fixed_dictionaries({"key": st.text(max_size=150), "strategyId": st.text(max_size=150)}),
)
def test_anything_at_all_is_read_or_refused_in_a_sentence(
    traderspost: TradersPostProvider, body: bytes, path: dict[str, str]
) -> None:
    try:
        parsed = traderspost.parse(body, path)
    except InvalidMessage as caught:
        refusal = caught
    else:
        assert parsed.key == path["key"]
        assert parsed.message.strategy_id == path["strategyId"]
        return
    assert refusal.reason.endswith(".")
    assert (refusal.reason + (refusal.field or "")).encode("utf-8")
