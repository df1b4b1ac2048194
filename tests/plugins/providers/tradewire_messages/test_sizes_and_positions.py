"""How much, and which position afterwards: what a message of TradingView's may say."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Action, InvalidMessage, Message, Sentiment, SizeKind
from tradewire_messages.tradingview import TradingViewProvider

Parse = Callable[..., Message]
Refuse = Callable[[str | bytes | dict[str, Any]], InvalidMessage]

SIZED = [
    ({"qty": 5}, None),
    ({"qty": 5, "quantityType": "fixed_quantity"}, SizeKind.QUANTITY),
    ({"qty": 5, "qty_type": "Quantity"}, SizeKind.QUANTITY),
    ({"qty": 5, "qtyType": "dollar_amount"}, SizeKind.NOTIONAL),
    ({"qty": 5, "qtyType": "amount per position"}, SizeKind.NOTIONAL),
    ({"qty": 5, "qtyType": "percent_of_equity"}, SizeKind.PERCENT_OF_EQUITY),
    ({"qty": 5, "qtyType": "PERCENT_OF_POSITION"}, SizeKind.PERCENT_OF_POSITION),
    ({"qty": 5, "qtyType": "risk_dollar_amount"}, SizeKind.RISK),
    ({"qty": 5, "qtyType": "risk-percent"}, SizeKind.RISK_PERCENT),
    ({"notional": "5"}, SizeKind.NOTIONAL),
    ({"dollarAmount": 5}, SizeKind.NOTIONAL),
    ({"percent_of_equity": 5}, SizeKind.PERCENT_OF_EQUITY),
    ({"percentOfPosition": 5}, SizeKind.PERCENT_OF_POSITION),
    ({"riskAmount": 5}, SizeKind.RISK),
    ({"risk_percent": 5}, SizeKind.RISK_PERCENT),
]


@pytest.mark.parametrize(("fields", "kind"), SIZED)
def test_a_size_is_read_with_what_it_is_given_in(
    message_with: Parse, fields: dict[str, Any], kind: SizeKind | None
) -> None:
    message = message_with(action="buy", **fields)
    assert (message.quantity, message.quantity_kind) == (Decimal(5), kind)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"qty": 5, "notional": 1000}, "qty"),
        ({"notional": 1000, "riskPercent": 1}, "notional"),
        ({"qtyType": "percent_of_equity"}, "qtyType"),
        ({"qtyType": "percent_of_equity", "notional": 5}, "qtyType"),
        ({"qty": 5, "qtyType": "lots"}, "qtyType"),
        ({"qty": 5, "qtyType": 3}, "qtyType"),
        ({"qty": 5, "qtyType": "ﬁxed_quantity"}, "qtyType"),
        ({"notional": "5%"}, "notional"),
        ({"notional": 0}, "notional"),
        ({"percentOfEquity": -1}, "percentOfEquity"),
    ],
)
def test_a_size_that_says_two_things_or_nothing_is_refused_by_name(
    refusal_of: Refuse, fields: dict[str, Any], field: str
) -> None:
    refusal = refusal_of({"action": "buy", **fields})
    assert refusal.field == field
    assert field in refusal.reason


@pytest.mark.parametrize(
    ("action", "fields", "field"),
    [
        ("exit", {"riskPercent": 1}, "riskPercent"),
        ("exit", {"qty": 100, "qtyType": "risk_dollar_amount"}, "qtyType"),
        ("target", {"qty": 10, "qtyType": "percent_of_position"}, "qtyType"),
        ("target", {"percentOfPosition": 10}, "percentOfPosition"),
    ],
)
def test_a_size_that_the_action_cannot_have_is_refused_by_name(
    refusal_of: Refuse, action: str, fields: dict[str, Any], field: str
) -> None:
    refusal = refusal_of({"action": action, **fields})
    assert (refusal.field, "cannot be honoured" in refusal.reason) == (field, True)


@pytest.mark.parametrize(
    ("action", "fields", "quantity", "kind"),
    [
        ("exit", {"qty": 20, "qtyType": "percent_of_position"}, 20, SizeKind.PERCENT_OF_POSITION),
        ("exit", {"notional": 1000}, 1000, SizeKind.NOTIONAL),
        ("target", {"percentOfEquity": -10}, -10, SizeKind.PERCENT_OF_EQUITY),
        ("target", {"notional": 5000}, 5000, SizeKind.NOTIONAL),
    ],
)
def test_exits_and_targets_may_be_sized_otherwise_than_in_units(
    message_with: Parse, action: str, fields: dict[str, Any], quantity: int, kind: SizeKind
) -> None:
    message = message_with(action=action, **fields)
    assert (message.quantity, message.quantity_kind) == (Decimal(quantity), kind)


@pytest.mark.parametrize("name", ["sentiment", "marketPosition", "market_position", "position"])
@pytest.mark.parametrize(
    ("written", "side"),
    [
        ("long", Sentiment.LONG),
        ("BULLISH", Sentiment.LONG),
        (" short ", Sentiment.SHORT),
        ("bearish", Sentiment.SHORT),
        ("flat", Sentiment.FLAT),
    ],
)
def test_a_side_that_is_wanted_is_read(message_with: Parse, name: str, written: str, side: Sentiment) -> None:
    message = message_with(action="sell", **{name: written})
    assert (message.sentiment, message.target) == (side, None)


@pytest.mark.parametrize(
    ("fields", "side", "target"),
    [
        ({"positionSize": "-5"}, None, -5),
        ({"position_size": 0}, None, 0),
        ({"targetPosition": 12.5}, None, "12.5"),
        ({"position": "-3"}, None, -3),
        ({"position": 3}, None, 3),
        ({"marketPosition": "short", "marketPositionSize": "5"}, Sentiment.SHORT, -5),
        ({"marketPosition": "long", "marketPositionSize": 5}, Sentiment.LONG, 5),
        ({"marketPosition": "flat", "marketPositionSize": 0}, Sentiment.FLAT, 0),
        ({"marketPositionSize": 0}, None, 0),
        ({"marketPosition": "short", "marketPositionSize": 5, "positionSize": -5}, Sentiment.SHORT, -5),
    ],
)
def test_a_position_that_is_wanted_is_read_with_its_sign(
    message_with: Parse, fields: dict[str, Any], side: Sentiment | None, target: object
) -> None:
    message = message_with(action="buy", qty=10, **fields)
    assert (message.sentiment, message.target) == (side, Decimal(str(target)))
    assert message.quantity == 10


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"sentiment": "up"}, "sentiment", "must be long, short or flat"),
        ({"sentiment": "ﬂat"}, "sentiment", "must be long, short or flat"),
        ({"sentiment": 1}, "sentiment", "must be long, short or flat"),
        ({"sentiment": True}, "sentiment", "text in quotes"),
        ({"sentiment": "long", "marketPosition": "long"}, "sentiment", "same field"),
        ({"sentiment": "long", "position": "long"}, "position", "same field"),
        ({"positionSize": 1, "position": 1}, "position", "same field"),
        ({"positionSize": 1, "targetPosition": 1}, "positionSize", "same field"),
        ({"sentiment": "long", "positionSize": -5}, "positionSize", "wanted is long"),
        ({"sentiment": "flat", "positionSize": 5}, "positionSize", "wanted is flat"),
        ({"sentiment": "short", "position": 5}, "position", "wanted is short"),
        ({"marketPositionSize": 5}, "marketPositionSize", "has no side"),
        ({"marketPosition": "short", "marketPositionSize": -5}, "marketPositionSize", "has no side"),
        ({"marketPosition": "long", "marketPositionSize": 0}, "marketPositionSize", "wanted is long"),
        (
            {"marketPosition": "long", "marketPositionSize": 5, "positionSize": 6},
            "marketPositionSize",
            "different positions",
        ),
        ({"positionSize": "{{strategy.position_size}}"}, "positionSize", "did not fill"),
        ({"position": "five"}, "position", "must be long, short or flat"),
    ],
)
def test_a_position_that_contradicts_itself_is_refused_by_name(
    refusal_of: Refuse, fields: dict[str, Any], field: str, words: str
) -> None:
    refusal = refusal_of({"action": "buy", "qty": 1, **fields})
    assert refusal.field == field
    assert words in refusal.reason


@pytest.mark.parametrize("action", ["exit", "add", "cancel", "reverse"])
@pytest.mark.parametrize("fields", [{"sentiment": "flat"}, {"positionSize": 0}, {"position": 4}])
def test_a_position_is_wanted_of_buys_and_sells_alone(
    refusal_of: Refuse, action: str, fields: dict[str, Any]
) -> None:
    refusal = refusal_of({"action": action, **fields})
    assert refusal.field == next(iter(fields))
    assert f'with the action "{action}"' in refusal.reason


def test_a_position_may_stand_without_an_action(message_with: Parse) -> None:
    message = message_with(positionSize="-5")
    assert (message.action, message.target) == (None, Decimal(-5))


@pytest.mark.parametrize(
    "fields",
    [
        {"qty": "-5"},
        {"positionSize": -5},
        {"qty": -5, "positionSize": "-5.0", "sentiment": "short"},
        {"marketPosition": "short", "marketPositionSize": 5},
    ],
)
def test_a_target_may_be_named_as_the_position_it_is(message_with: Parse, fields: dict[str, Any]) -> None:
    message = message_with(action="target", **fields)
    assert (message.action, message.quantity) == (Action.TARGET, Decimal(-5))
    assert (message.target, message.sentiment) == (None, None)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sentiment": "short"}, "qty"),
        ({"qty": 5, "positionSize": 6}, "positionSize"),
        ({"notional": 5, "positionSize": 5}, "positionSize"),
        ({"qty": 5, "sentiment": "short"}, "qty"),
    ],
)
def test_a_target_that_is_not_clear_is_refused(
    refusal_of: Refuse, fields: dict[str, Any], field: str
) -> None:
    assert refusal_of({"action": "target", **fields}).field == field


@pytest.mark.parametrize("written", [True, "true", False, "false"])
def test_extended_hours_and_cancelling_first_are_switches(message_with: Parse, written: object) -> None:
    message = message_with(extendedHours=written, cancel=written)
    wanted = str(written).lower() == "true"
    assert (message.extended_hours, message.cancel_first) == (wanted, wanted)


def test_absent_switches_say_nothing(message_with: Parse) -> None:
    message = message_with(action="buy")
    assert (message.extended_hours, message.cancel_first) == (None, None)


@pytest.mark.parametrize("name", ["extendedHours", "cancel"])
def test_a_switch_is_true_or_false(refusal_of: Refuse, name: str) -> None:
    assert "must be true or false" in refusal_of({name: "yes"}).reason


ACTIONS = ["buy", "sell", "add", "exit", "reverse", "cancel", "target"]
NUMBERS = st.integers(-9, 9).map(str)


@given(
    action=st.sampled_from(ACTIONS),
    fields=st.dictionaries(
        st.sampled_from(["qty", "notional", "riskPercent", "positionSize", "marketPositionSize", "position"]),
        NUMBERS | st.sampled_from(["long", "short", "flat"]),
    ),
)
def test_what_is_read_never_contradicts_itself(
    provider: TradingViewProvider, message_with: Parse, action: str, fields: dict[str, str]
) -> None:
    try:
        message = message_with(action=action, **fields)
    except InvalidMessage:
        return
    if message.action not in (None, Action.BUY, Action.SELL):
        assert (message.sentiment, message.target) == (None, None)
    if message.action is not Action.TARGET and message.quantity is not None:
        assert message.quantity > 0
    if message.target is not None and message.sentiment is not None:
        sides = {1: Sentiment.LONG, -1: Sentiment.SHORT, 0: Sentiment.FLAT}
        assert message.sentiment is sides[(message.target > 0) - (message.target < 0)]
