import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradewire_messages
from tradewire import Action, InvalidMessage, Message, OrderType, Protection, TimeInForce, canonical
from tradewire_messages.tradingview import TradingViewProvider

ALIASES = {
    "apiKey": ["apiKey", "api_key", "APIKEY", "api-key", "ApiKey"],
    "strategyId": ["strategyId", "strategy_id", "STRATEGYID", "strategy-id"],
    "symbol": ["symbol", "ticker", "SYMBOL", "Ticker"],
    "action": ["action", "side", "Action", "SIDE"],
    "qty": ["qty", "quantity", "contracts", "QTY", "Quantity"],
    "id": ["id", "ID", "Id"],
    "price": ["price", "signalPrice", "signal_price", "PRICE"],
    "timeInForce": ["timeInForce", "time_in_force", "TimeInForce"],
}
VALID = st.fixed_dictionaries(
    {
        "apiKey": st.text("abcXYZ012_", min_size=1),
        "strategyId": st.text("abcXYZ012_", min_size=1, max_size=40),
    },
    optional={
        "symbol": st.sampled_from(["AAPL", "NASDAQ:AAPL", "BRK.B", "ES1!", "BTC-USD", "ETH/USDT:USDT"]),
        "action": st.sampled_from(["buy", "sell", "add", "exit", "reverse", "cancel"]),
        "qty": st.decimals(min_value="0.000001", max_value=10**9, places=6),
        "id": st.text("abcXYZ012_", min_size=1, max_size=40),
        "price": st.decimals(min_value="0.01", max_value=10**6, places=2),
        "timeInForce": st.sampled_from([one.value for one in TimeInForce]),
    },
)


def any_case(word: str, upper: bool) -> str:
    return word.upper() if upper else word.capitalize()


@given(fields=VALID, choice=st.randoms(use_true_random=False))
def test_a_valid_message_reads_the_same_in_any_case_and_spelling(
    provider: TradingViewProvider, fields: dict[str, Any], choice: Any
) -> None:
    body = {}
    for name, value in fields.items():
        written = value
        if isinstance(value, Decimal):
            written = choice.choice([str(value), f" {value:f} "])
        elif name in ("action", "timeInForce"):
            written = any_case(value, choice.random() < 0.5)
        body[choice.choice(ALIASES[name])] = written
    parsed = provider.parse(json.dumps(body).encode(), {})
    message = parsed.message
    assert parsed.key == fields["apiKey"]
    assert message.strategy_id == fields["strategyId"]
    assert message.symbol == fields.get("symbol")
    assert message.action == fields.get("action")
    assert message.quantity == fields.get("qty")
    assert message.idempotency_id == fields.get("id")
    assert message.price == fields.get("price")
    assert message.time_in_force == fields.get("timeInForce")
    assert message.ignored == ()


@given(number=st.decimals(min_value="0.000001", max_value=10**12, places=6))
def test_a_json_number_is_read_to_its_last_digit(provider: TradingViewProvider, number: Decimal) -> None:
    body = f'{{"strategyId": "s", "qty": {canonical(number)}}}'
    assert provider.parse(body.encode(), {}).message.quantity == number


def test_a_number_that_no_float_can_hold_stays_exact(provider: TradingViewProvider) -> None:
    body = b'{"strategyId": "s", "qty": 0.100000000000000005}'
    assert provider.parse(body, {}).message.quantity == Decimal("0.100000000000000005")


@pytest.mark.parametrize(
    ("body", "symbol", "action", "quantity"),
    [
        ('{"symbol":"AAPL","action":"BUY","qty":100', "AAPL", Action.BUY, 100),
        ('{"symbol":"TSLA","action":"SELL","qty":25', "TSLA", Action.SELL, 25),
        ('{"symbol":"MSFT","action":"sell","qty":"30"', "MSFT", Action.SELL, 30),
    ],
)
def test_the_guides_messages_are_read(
    provider: TradingViewProvider, body: str, symbol: str, action: Action, quantity: int
) -> None:
    parsed = provider.parse((body + ',"apiKey":"the key","strategyId":"my_strategy_1"}').encode(), {})
    assert parsed.key == "the key"
    assert parsed.message == Message(
        strategy_id="my_strategy_1", symbol=symbol, action=action, quantity=Decimal(quantity)
    )


def test_the_plugin_registers_its_providers() -> None:
    assert [(one.name, one.title) for one in tradewire_messages.parse()] == [
        ("tradingview", "TradingView"),
        ("traderspost", "TradersPost"),
    ]


def test_a_byte_order_mark_is_accepted(provider: TradingViewProvider) -> None:
    assert provider.parse(b'\xef\xbb\xbf{"strategyId": "s"}', {}).message.strategy_id == "s"


def test_an_absent_field_gets_no_meaning(provider: TradingViewProvider) -> None:
    parsed = provider.parse(b'{"strategyId": "s"}', {})
    assert parsed.key is None
    assert parsed.message == Message(strategy_id="s")


def test_null_is_absent(message_with: Callable[..., Message]) -> None:
    assert message_with(qty=None, stopLoss=None, sentiment=None) == Message(strategy_id="my_strategy_1")


@pytest.mark.parametrize("key", ["k ", " k", "k\n", ""])
def test_the_key_is_handed_on_exactly_as_presented(provider: TradingViewProvider, key: str) -> None:
    assert provider.parse(json.dumps({"apiKey": key, "strategyId": "s"}).encode(), {}).key == key


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\t"])
def test_a_bare_line_break_in_the_key_is_left_to_the_authenticator(
    provider: TradingViewProvider, line_break: str
) -> None:
    body = f'{{"apiKey": "k{line_break}", "strategyId": "s"}}'
    assert provider.parse(body.encode(), {}).key == f"k{line_break}"


def test_a_strategy_id_keeps_its_spaces_and_case(message_with: Callable[..., Message]) -> None:
    assert message_with(strategyId=" My Id ").strategy_id == " My Id "


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  AAPL ", "AAPL"),
        ("brk.b", "brk.b"),
        (7203, "7203"),
        ("NASDAQ_DLY:AAPL", "NASDAQ:AAPL"),
        ("CME_MINI_DL:ES1!", "CME_MINI:ES1!"),
        ("ABC_DL", "ABC_DL"),
    ],
)
def test_a_symbol_is_kept_without_spaces_and_the_mark_of_delay(
    message_with: Callable[..., Message], written: object, read: str
) -> None:
    assert message_with(symbol=written).symbol == read


@pytest.mark.parametrize("written", ["exit", "CLOSE", " Exit "])
def test_close_is_exit(message_with: Callable[..., Message], written: str) -> None:
    assert message_with(action=written).action is Action.EXIT


@pytest.mark.parametrize("quantity", ["-50", "0", 25])
def test_a_target_is_a_signed_position(message_with: Callable[..., Message], quantity: object) -> None:
    assert message_with(action="target", qty=quantity).quantity == Decimal(str(quantity))


@pytest.mark.parametrize("written", ["stop_limit", "STOP LIMIT", "Stop-Limit", "stopLimit"])
def test_an_order_type_reads_in_any_case_and_with_any_separator(
    message_with: Callable[..., Message], written: str
) -> None:
    message = message_with(orderType=written, limitPrice=10, stopPrice="9.5")
    assert message.order_type is OrderType.STOP_LIMIT
    assert (message.limit_price, message.stop_price) == (Decimal(10), Decimal("9.5"))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T14:30:00Z",
        "2026-03-02T09:30:00-05:00",
        "2026-03-02 14:30:00+00:00",
        1772461800,
        "1772461800",
        1772461800000,
        " 1772461800000 ",
        "1772461800.0",
    ],
)
def test_a_time_reads_as_iso_with_a_zone_or_as_unix_time(
    message_with: Callable[..., Message], written: object
) -> None:
    moment = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    message = message_with(time=written, barTime=written)
    assert (message.time, message.bar_time) == (moment, moment)


@pytest.mark.parametrize(
    ("written", "protection"),
    [
        (180, Protection(stop_price=Decimal(180))),
        ("180.5", Protection(stop_price=Decimal("180.5"))),
        ({"percent": 2}, Protection(percent=Decimal(2))),
        ({"type": "stop", "stop_price": 180}, Protection(stop_price=Decimal(180))),
        ({"type": "trailing_stop", "trailPercent": "1.5"}, Protection(trail_percent=Decimal("1.5"))),
        ({"amount": 3, "percent": None}, Protection(amount=Decimal(3))),
    ],
)
def test_a_stop_loss_is_a_price_or_one_distance(
    message_with: Callable[..., Message], written: object, protection: Protection
) -> None:
    assert message_with(stopLoss=written).stop_loss == protection


@pytest.mark.parametrize(
    ("written", "protection"),
    [(200, Protection(limit_price=Decimal(200))), ({"percent": 4}, Protection(percent=Decimal(4)))],
)
def test_a_take_profit_is_a_price_or_one_distance(
    message_with: Callable[..., Message], written: object, protection: Protection
) -> None:
    assert message_with(takeProfit=written).take_profit == protection


@pytest.mark.parametrize(
    ("written", "read"), [(True, True), ("TRUE", True), (False, False), ("false", False)]
)
def test_a_test_message_says_so(message_with: Callable[..., Message], written: object, read: bool) -> None:
    assert message_with(test=written).test is read


def test_unknown_fields_are_ignored_and_kept_by_name(message_with: Callable[..., Message]) -> None:
    assert message_with(interval="5", extras={"a": [1, {"b": None}]}).ignored == ("interval", "extras")


def test_a_key_as_a_fields_name_is_not_kept(message_with: Callable[..., Message]) -> None:
    assert message_with(tw_live_abcdef="x").ignored == ("a key",)


@pytest.mark.parametrize("empty", [None, "", False, "false"])
@pytest.mark.parametrize("name", ["legs", "strike", "trailAmount", "reduceOnly", "sl"])
def test_an_unhonoured_field_without_a_value_counts_as_absent(
    message_with: Callable[..., Message], name: str, empty: object
) -> None:
    assert message_with(**{name: empty}) == Message(strategy_id="my_strategy_1")


@pytest.mark.parametrize(
    "name", ["comment", "id", "sentiment", "position", "positionSize", "quantityType", "notional", "cancel"]
)
def test_an_empty_text_counts_as_absent(message_with: Callable[..., Message], name: str) -> None:
    assert message_with(**{name: " "}) == Message(strategy_id="my_strategy_1")


@given(body=st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused_and_nothing_else(
    provider: TradingViewProvider, body: bytes
) -> None:
    read_or_refused(provider, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([alias for aliases in ALIASES.values() for alias in aliases]) | st.sampled_from(
    [
        "time",
        "barTime",
        "orderType",
        "limitPrice",
        "stopPrice",
        "takeProfit",
        "stopLoss",
        "comment",
        "test",
        "legs",
        *("sentiment", "position", "positionSize", "marketPosition", "marketPositionSize"),
        *("qtyType", "notional", "percentOfEquity", "riskPercent", "extendedHours", "cancel"),
    ]
)


@given(body=st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=6) | JSON)
def test_arbitrary_json_is_read_or_refused_and_nothing_else(
    provider: TradingViewProvider, body: object
) -> None:
    read_or_refused(provider, json.dumps(body).encode())


@given(base=VALID, cut=st.integers(0, 200), inserted=st.text("\"'{}[],:\\\n\t“\x00 aN1", max_size=4))
def test_damaged_json_is_read_or_refused_and_nothing_else(
    provider: TradingViewProvider, base: dict[str, Any], cut: int, inserted: str
) -> None:
    whole = json.dumps(base, default=str)
    read_or_refused(provider, (whole[:cut] + inserted + whole[cut:]).encode())


def read_or_refused(provider: TradingViewProvider, body: bytes) -> None:
    try:
        provider.parse(body, {})
    except InvalidMessage as caught:
        refusal = caught
    else:
        return
    assert refusal.reason.endswith(".")
    assert (refusal.reason + (refusal.field or "")).encode("utf-8")
