from collections.abc import Callable
from typing import Any

import pytest

from tradewire import InvalidMessage

Refuse = Callable[[str | bytes | dict[str, Any]], InvalidMessage]

BROKEN = [
    ('{"comment": "Close "Long" now"}', None, "line 1, column 21", "a text that has a quote"),
    ('{\n"qty": 1\n"symbol": "A"}', None, "line 3, column 1", "a comma is missing"),
    ('{"comment": "two\nlines", "strategyId": "s"}', "comment", "line 1, column 17", "a line break"),
    ('{"comment": "a\tb"}', "comment", "column 15", "a tab"),
    ('{"strategyId": "s",}', None, "line 1, column", "comma too many"),
    ('{"legs": [1, 2,]}', None, "line 1, column", "comma too many"),
    ("{'strategyId': 's'}", None, "line 1, column 2", "single quotes"),
    ("{“strategyId”: “s”}", None, "line 1, column 2", "curly quotes"),
    ('{"strategyId": “s”}', "strategyId", "line 1, column 16", "curly quotes"),
    ("{strategyId: 1}", None, "line 1, column 2", "every name stands in double quotes"),
    ('{"action": buy}', "action", "line 1, column 12", "a text stands in double quotes"),
    ('{"action": }', "action", "line 1, column 12", "the value is missing"),
    ('{"qty": 1,000}', None, "line 1, column 11", "not 1,000"),
    ('{"qty": 0x10}', None, "line 1, column 10", "a number is not written"),
    ('{"strategyId": "s"', None, "line 1, column 19, at the end", "closing bracket"),
    ('{"strategyId": "s', "strategyId", "line 1, column 16", "no closing quote"),
    ('{"strategyId": "s"} {}', None, "line 1, column 21", "follows the object's end"),
    ('{"strategyId": "\\s"}', "strategyId", "column 17", "backslash"),
    ('{{"strategyId": "s"}}', None, "line 1, column 2", "doubled"),
    ("BUY 10 AAPL", None, "line 1, column 1", "begins with {"),
]


@pytest.mark.parametrize(("body", "field", "where", "cause"), BROKEN)
def test_broken_json_is_refused_with_its_place_and_its_cause(
    refusal_of: Refuse, body: str, field: str | None, where: str, cause: str
) -> None:
    refusal = refusal_of(body)
    assert refusal.field == field
    assert where in refusal.reason
    assert cause in refusal.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"[1, 2]", "a list"),
        (b"null", "null"),
        (b"true", "true"),
        (b"12", "a number"),
        (b'"text"', "a text in quotes"),
        (b'{"a": "\xff"}', "not UTF-8: byte 8 is 0xFF"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ('{"strategyId": "s"}'.encode("utf-16"), "UTF-16"),
        (b'{"a": "\x00"}', "NUL"),
        (b"[" * 200_000, "nested deeper than 8"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "nested deeper than 8"),
        (b'{"strategyId": "s", "a": ' + b"[" * 8 + b"]" * 8 + b"}", "nested deeper than 8"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": [{"b": "\\ud800"}]}', "surrogate"),
        (b'{"qty": 1, "qty": 1}', "qty stands in the message twice"),
        (b'{"qty": 1, "QTY": 2}', "as qty and as QTY"),
        (b'{"x": {"a": 1, "a": 2}}', "a stands in the message twice"),
        (b'{"qty": NaN}', "NaN, which is not a number"),
        (b'{"x": [-Infinity]}', "-Infinity, which is not a number"),
    ],
)
def test_what_is_not_one_strict_object_is_refused(refusal_of: Refuse, body: bytes, words: str) -> None:
    assert words in refusal_of(body).reason


def test_eight_levels_are_not_too_deep(provider: Any) -> None:
    body = b'{"strategyId": "s", "a": ' + b"[" * 7 + b"]" * 7 + b"}"
    assert provider.parse(body, {}).message.ignored == ("a",)


def test_a_huge_integer_is_refused_by_its_length(refusal_of: Refuse) -> None:
    refusal = refusal_of('{"strategyId": "s", "qty": ' + "9" * 50_000 + "}")
    assert (refusal.field, "50000 characters" in refusal.reason) == ("qty", True)


@pytest.mark.parametrize(
    "spaces", [" " * 60_000, "{{" + " " * 60_000, '"a"' + " " * 60_000, '"a":' + " " * 60_000]
)
def test_a_long_run_of_spaces_is_refused_like_any_other_text(refusal_of: Refuse, spaces: str) -> None:
    refusal_of("{" + spaces + "x")


QUANTITIES = [
    ("50%", "a percentage"),
    ("=2*3", "a formula"),
    ("2*3", "a formula"),
    ("10 shares", "a unit"),
    ("10USD", "a unit"),
    ("1,000", "a comma can mean thousands or decimals"),
    ("1,5", "a comma can mean thousands or decimals"),
    ("", "is empty"),
    ("  ", "is empty"),
    ("ten", "not a number"),
    ("NaN", "guard the value in Pine"),
    ("1_000", "not a number"),
    ("١٠", "not a number"),
    ("1e999", "numbers go up to"),
    (1e300, "numbers go up to"),
    ("0.0000000000000000001", "up to 18 decimals"),
    (0, "above zero"),
    (-5, "above zero"),
    ("-5", "above zero"),
    (True, "must be a number"),
    ([1], "must be a number"),
    ({"a": 1}, "must be a number"),
]


@pytest.mark.parametrize(("quantity", "words"), QUANTITIES)
def test_a_quantity_that_is_no_plain_number_is_refused(
    refusal_of: Refuse, quantity: object, words: str
) -> None:
    refusal = refusal_of({"qty": quantity})
    assert refusal.field == "qty"
    assert words in refusal.reason


FIELDS = [
    ("action", "long", "write buy"),
    ("action", "SHORT", "write sell"),
    ("action", "flat", "write exit"),
    ("action", "hold", "must be one of buy, sell, add, exit, reverse, cancel, target"),
    ("action", "", "is empty"),
    ("action", True, "text in quotes"),
    ("action", "ſell", "must be one of"),
    ("action", "cloſe", "must be one of"),
    ("orderType", "ſtop", "must be one of"),
    ("orderType", "mkt", "must be one of market, limit"),
    ("timeInForce", "forever", "must be one of day, gtc"),
    ("time", "2026-03-02T14:30:00", "without a zone"),
    ("time", "2026-03-02", "without a zone"),
    ("time", "yesterday", "not a time"),
    ("time", "", "not a time"),
    ("time", 12, "neither Unix seconds nor milliseconds"),
    ("time", 1772461800000000, "neither Unix seconds nor milliseconds"),
    ("time", "0001-01-01T00:00:00+23:59", "not in this century"),
    ("time", True, "must be a time"),
    ("barTime", "9:30", "not a time"),
    ("price", 0, "above zero"),
    ("symbol", "", "is empty"),
    ("symbol", "AA PL", "no spaces"),
    ("symbol", "AA\tPL", "no spaces"),
    ("symbol", "A\u200bB", "no spaces or invisible"),
    ("symbol", "ß", "no letters but A to Z"),
    ("symbol", "ＡＡＰＬ", "no letters but A to Z"),
    ("symbol", "A" * 65, "at most 64"),
    ("symbol", {"a": 1}, "text in quotes"),
    ("strategyId", "", "is empty"),
    ("strategyId", "a\nb", "line break"),
    ("id", "x" * 129, "at most 128"),
    ("comment", "x" * 1001, "at most 1000"),
    ("comment", "tw_live_abcdefgh", "a key belongs in apiKey only"),
    ("test", "yes", "true or false"),
    ("test", 1, "true or false"),
    ("apiKey", ["k"], "text in quotes"),
    ("takeProfit", {}, "exactly one of"),
    ("takeProfit", {"percent": 1, "amount": 2}, "exactly one of"),
    ("takeProfit", "", "is empty"),
    ("stopLoss", [], "must be a number"),
    ("stopLoss", "", "is empty"),
    ("stopLoss", {"type": "stop"}, "exactly one of"),
]


@pytest.mark.parametrize(("field", "value", "words"), FIELDS)
def test_a_field_that_is_not_understood_is_refused_by_name(
    refusal_of: Refuse, field: str, value: object, words: str
) -> None:
    refusal = refusal_of({field: value})
    assert refusal.field == field
    assert words in refusal.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stopLoss.limitPrice", {"stopPrice": 9, "limitPrice": 8}),
        ("stopLoss.type", {"type": "stop_limit", "stopPrice": 9}),
        ("stopLoss.type", {"type": "stop", "trailAmount": 1}),
        ("stopLoss.percent", {"percent": "2%"}),
        ("stopLoss.amount", {"amount": 0}),
    ],
)
def test_a_stop_loss_that_cannot_be_honoured_is_refused(
    refusal_of: Refuse, field: str, value: object
) -> None:
    assert refusal_of({"stopLoss": value}).field == field


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"orderType": "limit"}, "limitPrice"),
        ({"orderType": "limit", "price": 10}, "limitPrice"),
        ({"orderType": "stop"}, "stopPrice"),
        ({"orderType": "stop_limit", "stopPrice": 10}, "limitPrice"),
        ({"orderType": "stop_limit", "limitPrice": 10}, "stopPrice"),
        ({"action": "target"}, "qty"),
    ],
)
def test_an_order_without_its_price_is_refused_with_what_is_missing(
    refusal_of: Refuse, fields: dict[str, Any], missing: str
) -> None:
    refusal = refusal_of(fields)
    assert (refusal.field, f"{missing} is missing" in refusal.reason) == (missing, True)


@pytest.mark.parametrize("order_type", [None, "market", "stop"])
def test_a_price_that_the_order_would_ignore_is_refused(refusal_of: Refuse, order_type: str | None) -> None:
    refusal = refusal_of({"orderType": order_type, "limitPrice": 10, "stopPrice": 9})
    assert refusal.field == "limitPrice"


def test_a_missing_strategy_id_is_named(refusal_of: Refuse) -> None:
    assert "Entry Signal ID" in refusal_of('{"apiKey": "k", "symbol": "AAPL"}').reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("symbol", "ticker"),
        ("qty", "contracts"),
        ("action", "side"),
        ("price", "signalPrice"),
        ("apiKey", "api_key"),
    ],
)
def test_two_names_of_one_field_are_refused(refusal_of: Refuse, first: str, second: str) -> None:
    assert f"{first} and {second} are the same field" in refusal_of({first: "1", second: "1"}).reason


UNHONOURED = [
    *(
        "optionType",
        "optionSide",
        "right",
        "putCall",
        "strike",
        "strikePrice",
        "expiration",
        "expiry",
        "legs",
    ),
    *("amount", "qtyPercent", "quantity_percent"),
    *(
        "trailAmount",
        "trailPercent",
        "leverage",
        "oco",
        "reduceOnly",
        "sl",
        "tp",
        "stop_loss_price",
        "limit",
        "stop",
        "ordType",
    ),
]


@pytest.mark.parametrize("name", UNHONOURED)
def test_a_field_that_this_version_cannot_honour_is_refused_by_name(refusal_of: Refuse, name: str) -> None:
    refusal = refusal_of({"action": "buy", "qty": 1, name: "1"})
    assert refusal.field == name
    assert refusal.reason.startswith(f"{name} cannot be honoured")


@pytest.mark.parametrize("kind", ["limit", "LMT", "stop_limit", "trailing stop"])
def test_an_order_type_under_the_name_of_another_relay_is_no_market_order(
    refusal_of: Refuse, kind: str
) -> None:
    refusal = refusal_of({"action": "buy", "qty": 1, "type": kind})
    assert (refusal.field, "orderType" in refusal.reason) == ("type", True)


@pytest.mark.parametrize(
    ("body", "field", "placeholder", "why"),
    [
        (
            '{"qty": "{{strategy.order.contracts}}"}',
            "qty",
            "{{strategy.order.contracts}}",
            "an alert on a strategy",
        ),
        (
            '{"qty": {{strategy.order.contracts}}}',
            "qty",
            "{{strategy.order.contracts}}",
            "an alert on a strategy",
        ),
        ('{"qty": "{{ plot_0 }}"}', "qty", "{{plot_0}}", "an indicator that has that plot"),
        ('{"symbol": "{{ticker}}"}', "symbol", "{{ticker}}", "not in the text of alert()"),
        ('{"symbol": "{{exchange}}:{{ticker}}"}', "symbol", "{{exchange}}", "alert's Message box"),
        ('{"qty": "{{strategy.order.contract}}"}', "qty", "{{strategy.order.contract}}", "did you mean"),
        ('{"comment": "at {{close}}"}', "comment", "{{close}}", "Message box"),
        ('{"apiKey": "{{key}}"}', "apiKey", "{{key}}", "no such placeholder"),
        ('{"stopLoss": {"percent": "{{plot_1}}"}}', "stopLoss.percent", "{{plot_1}}", "plot"),
        ('{"id": "{{strategy.order.id"}', "id", "{{", "without its end"),
    ],
)
def test_an_unfilled_placeholder_is_named_with_the_reason(
    refusal_of: Refuse, body: str, field: str, placeholder: str, why: str
) -> None:
    refusal = refusal_of(body)
    assert refusal.field == field
    assert placeholder in refusal.reason
    assert why in refusal.reason


def test_a_placeholder_in_an_unknown_field_does_no_harm(provider: Any) -> None:
    assert provider.parse(b'{"strategyId": "s", "note": "{{close}}"}', {}).message.ignored == ("note",)


KEY = "tw_live_" + "k" * 38


@pytest.mark.parametrize(
    "body",
    [
        {"symbol": KEY + " x"},
        {"comment": KEY},
        {"action": KEY},
        {"time": KEY},
        {"qty": KEY},
        {KEY: "\ud800"},
        f'{{"apiKey": "{{{{{KEY}}}}}"}}',
        f'{{"{KEY}": x}}',
        f'{{"apiKey": {KEY}}}',
    ],
)
def test_no_refusal_repeats_a_key(refusal_of: Refuse, body: str | dict[str, Any]) -> None:
    refusal = refusal_of(body)
    assert "kkkk" not in refusal.reason + (refusal.field or "")
