from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import (
    Action,
    Algorithm,
    Draft,
    Dynamic,
    OrderType,
    Protection,
    Sentiment,
    Side,
    SignalFacts,
    SizeKind,
    Sizing,
    Skip,
    StopUse,
    TimeInForce,
)
from tradewire.stages.override import DynamicFields, starting_draft

Algorithms = Callable[..., Algorithm]
Signals = Callable[..., SignalFacts]

PRICES = st.decimals(min_value="0.01", max_value=10**6, places=2)
ORDER = {
    "order_type": st.sampled_from(list(OrderType)),
    "limit_price": PRICES,
    "stop_price": PRICES,
    "time_in_force": st.sampled_from(list(TimeInForce)),
    "take_profit": st.builds(Protection, percent=PRICES),
}
STOP = st.builds(Protection, stop_price=PRICES)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["AAPL", "TSLA"]),
        "action": st.sampled_from([Action.BUY, Action.SELL]),
        "quantity": st.decimals(min_value="0.01", max_value=10**6, places=2),
        "stop_loss": STOP,
        **ORDER,
    },
)
SIDES = st.sampled_from(list(Side))
ALL_ON = Dynamic(symbol=True, action=True, quantity=True, order=True)
NOTED = [
    "symbol",
    "action",
    "qty",
    "orderType",
    "limitPrice",
    "stopPrice",
    "timeInForce",
    "takeProfit",
    "stopLoss",
]


def outcome(algorithm: Algorithm, signal: SignalFacts) -> Draft | Skip:
    return DynamicFields().apply(starting_draft(algorithm, signal.message), signal, algorithm)


def drafted(algorithm: Algorithm, signal: SignalFacts) -> Draft:
    draft = outcome(algorithm, signal)
    assert isinstance(draft, Draft)
    return draft


def note_of(result: Draft | Skip, field: str) -> tuple[str | None, str | None, str]:
    (note,) = [note for note in result.notes if note.field == field]
    return note.received, note.used, note.why


@given(fields=MESSAGES, side=SIDES, ignore_action=st.booleans())
def test_with_every_switch_off_the_order_is_the_algorithms_or_none_at_all(
    algorithm_with: Algorithms, signal_with: Signals, fields: dict[str, Any], side: Side, ignore_action: bool
) -> None:
    algorithm = algorithm_with(side=side, dynamic=Dynamic(ignore_action=ignore_action))
    result = outcome(algorithm, signal_with(**fields))
    differs = fields.get("action", side.value) != side.value and not ignore_action
    if differs or "stop_loss" in fields:
        assert isinstance(result, Skip)
        assert result.reason == ("action_differs" if differs else "stop_ignored")
        return
    assert isinstance(result, Draft)
    own = Draft(symbol="AAPL", action=Action(side.value), quantity=Decimal(10), notes=result.notes)
    assert result == own


@given(fields=MESSAGES, side=SIDES)
def test_with_every_switch_on_the_order_is_the_messages_where_it_says_something(
    algorithm_with: Algorithms, signal_with: Signals, fields: dict[str, Any], side: Side
) -> None:
    draft = drafted(algorithm_with(side=side, dynamic=ALL_ON), signal_with(**fields))
    own = {"symbol": "AAPL", "action": Action(side.value), "quantity": Decimal(10)}
    assert draft == Draft(**(own | fields), notes=draft.notes)


@given(fields=MESSAGES, side=SIDES, switches=st.tuples(*[st.booleans()] * 5))
def test_every_switch_decides_its_own_fields_only(
    algorithm_with: Algorithms,
    signal_with: Signals,
    fields: dict[str, Any],
    side: Side,
    switches: tuple[bool, bool, bool, bool, bool],
) -> None:
    dynamic = Dynamic(**dict(zip(Dynamic.__struct_fields__, switches, strict=True)))
    result = outcome(algorithm_with(side=side, dynamic=dynamic), signal_with(**fields))
    if isinstance(result, Skip):
        return
    assert result.symbol == (fields.get("symbol", "AAPL") if dynamic.symbol else "AAPL")
    assert result.action == (fields.get("action", side.value) if dynamic.action else side.value)
    assert result.quantity == (fields.get("quantity", Decimal(10)) if dynamic.quantity else Decimal(10))
    for name in (*ORDER, "stop_loss"):
        assert getattr(result, name) == (fields.get(name) if dynamic.order else None)


@given(fields=MESSAGES, action=st.sampled_from([Action.EXIT, Action.CANCEL]), switches=st.booleans())
def test_an_exit_or_cancel_is_honoured_whatever_the_switches_say(
    algorithm_with: Algorithms, signal_with: Signals, fields: dict[str, Any], action: Action, switches: bool
) -> None:
    dynamic = ALL_ON if switches else Dynamic()
    draft = drafted(algorithm_with(dynamic=dynamic), signal_with(**(fields | {"action": action})))
    assert draft.action is action
    assert draft.take_profit is None
    assert draft.stop_loss is None
    part = fields.get("quantity") if action is Action.EXIT and switches else None
    assert draft.quantity == part


@given(fields=MESSAGES, switches=st.booleans())
def test_every_field_is_noted_once(
    algorithm_with: Algorithms, signal_with: Signals, fields: dict[str, Any], switches: bool
) -> None:
    algorithm = algorithm_with(dynamic=ALL_ON if switches else Dynamic(ignore_action=True))
    assert [note.field for note in outcome(algorithm, signal_with(**fields)).notes] == NOTED


def test_a_field_that_is_absent_with_the_switch_on_is_noted(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    draft = drafted(algorithm_with(dynamic=ALL_ON), signal_with())
    assert note_of(draft, "symbol") == (None, "AAPL", "absent: the algorithm's value")
    assert note_of(draft, "qty") == (None, "10", "absent: the algorithm's value")


def test_a_field_that_is_absent_with_the_switch_off_is_no_difference(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    draft = drafted(algorithm_with(), signal_with())
    assert {note.why for note in draft.notes} == {"absent: the algorithm's value"}


def test_a_difference_with_the_switch_off_is_noted(algorithm_with: Algorithms, signal_with: Signals) -> None:
    draft = drafted(algorithm_with(), signal_with(symbol="TSLA", quantity=Decimal("25.0"), action=Action.BUY))
    assert note_of(draft, "symbol") == (
        "TSLA",
        "AAPL",
        "dynamic symbol is off: the algorithm's value is used",
    )
    assert note_of(draft, "qty") == ("25", "10", "dynamic quantity is off: the algorithm's value is used")
    assert note_of(draft, "action") == ("buy", "buy", "the same as the algorithm's value")


def test_a_value_taken_from_the_message_is_noted(algorithm_with: Algorithms, signal_with: Signals) -> None:
    draft = drafted(
        algorithm_with(dynamic=ALL_ON),
        signal_with(action=Action.SELL, stop_loss=Protection(stop_price=Decimal("180.50"))),
    )
    assert note_of(draft, "action") == ("sell", "sell", "dynamic action is on")
    assert note_of(draft, "stopLoss") == ("stop_price 180.5", "stop_price 180.5", "dynamic order is on")


def test_an_opposite_action_sends_nothing_and_says_so(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    result = outcome(algorithm_with(), signal_with(action=Action.SELL))
    assert isinstance(result, Skip)
    assert (result.reason, result.blocked) == ("action_differs", False)
    assert result.message.startswith("Action differs from the algorithm's side")
    assert note_of(result, "action")[:2] == ("sell", None)


def test_an_opposite_action_runs_with_the_algorithms_side_if_it_is_to_be_ignored(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    draft = drafted(algorithm_with(dynamic=Dynamic(ignore_action=True)), signal_with(action=Action.SELL))
    assert draft.action is Action.BUY
    assert note_of(draft, "action")[:2] == ("sell", "buy")


def test_a_stop_loss_that_would_be_ignored_blocks_the_entry(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    result = outcome(algorithm_with(), signal_with(stop_loss=Protection(percent=Decimal(2))))
    assert isinstance(result, Skip)
    assert (result.reason, result.blocked) == ("stop_ignored", True)
    assert "stop-loss" in result.message


def test_a_partial_exit_needs_the_quantity_switch(algorithm_with: Algorithms, signal_with: Signals) -> None:
    signal = signal_with(action=Action.EXIT, quantity=Decimal(4))
    assert drafted(algorithm_with(dynamic=Dynamic(quantity=True)), signal).quantity == 4
    whole = drafted(algorithm_with(), signal)
    assert whole.quantity is None
    assert note_of(whole, "qty") == ("4", None, "dynamic quantity is off: the exit closes everything")


def test_a_reversal_is_of_as_much_as_is_closed_unless_the_message_says_how_much(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    sized = signal_with(action=Action.REVERSE, quantity=Decimal(5))
    assert drafted(algorithm_with(dynamic=ALL_ON), sized).quantity == 5
    assert drafted(algorithm_with(dynamic=ALL_ON), signal_with(action=Action.REVERSE)).quantity is None
    assert drafted(algorithm_with(dynamic=Dynamic(action=True)), sized).quantity is None


def test_a_reversal_only_closes_while_the_action_is_not_dynamic(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    draft = drafted(algorithm_with(), signal_with(action=Action.REVERSE))
    assert (draft.action, draft.quantity) == (Action.EXIT, None)
    assert note_of(draft, "action")[0] == "reverse"


@pytest.mark.parametrize(
    ("dynamic", "asked", "target"),
    [
        (ALL_ON, 200, 200),
        (ALL_ON, -200, -200),
        (ALL_ON, 0, 0),
        (Dynamic(quantity=True), 200, 200),
        (Dynamic(quantity=True), -200, 0),
        (Dynamic(action=True), 200, 10),
        (Dynamic(action=True), -200, -10),
        (Dynamic(action=True), 0, 0),
        (Dynamic(), -200, 0),
    ],
)
def test_a_target_goes_as_far_as_the_switches_let_it(
    algorithm_with: Algorithms, signal_with: Signals, dynamic: Dynamic, asked: int, target: int
) -> None:
    said = signal_with(action=Action.TARGET, quantity=Decimal(asked))
    draft = drafted(algorithm_with(dynamic=dynamic), said)
    assert (draft.action, draft.target, draft.quantity) == (Action.TARGET, target, None)
    beside = signal_with(action=Action.SELL, target=Decimal(asked))
    assert drafted(algorithm_with(dynamic=dynamic), beside).target == target


@pytest.mark.parametrize(
    ("action", "sentiment", "used"),
    [
        (Action.SELL, Sentiment.SHORT, Sentiment.FLAT),
        (Action.SELL, Sentiment.FLAT, Sentiment.FLAT),
        (Action.SELL, Sentiment.LONG, Sentiment.LONG),
        (Action.BUY, Sentiment.LONG, Sentiment.LONG),
        (Action.BUY, Sentiment.SHORT, Sentiment.FLAT),
    ],
)
def test_with_its_action_fixed_an_algorithm_goes_to_no_position_on_the_other_side(
    algorithm_with: Algorithms, signal_with: Signals, action: Action, sentiment: Sentiment, used: Sentiment
) -> None:
    draft = drafted(algorithm_with(), signal_with(action=action, sentiment=sentiment))
    assert (draft.action, draft.sentiment) == (action, used)


def test_an_action_that_is_ignored_takes_its_position_with_it(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    signal = signal_with(action=Action.SELL, sentiment=Sentiment.SHORT, target=Decimal(-5))
    draft = drafted(algorithm_with(dynamic=Dynamic(ignore_action=True)), signal)
    assert (draft.action, draft.sentiment, draft.target) == (Action.BUY, None, None)


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"target": Decimal(5)}, Action.TARGET),
        ({"sentiment": Sentiment.LONG}, Action.BUY),
        ({"sentiment": Sentiment.SHORT}, Action.SELL),
        ({"sentiment": Sentiment.FLAT}, Action.EXIT),
    ],
)
def test_a_message_that_names_only_the_position_wanted_goes_there(
    algorithm_with: Algorithms, signal_with: Signals, fields: dict[str, Any], action: Action
) -> None:
    assert drafted(algorithm_with(dynamic=ALL_ON), signal_with(**fields)).action is action


def test_a_size_counts_together_with_what_it_is_in(algorithm_with: Algorithms, signal_with: Signals) -> None:
    sizing = Sizing(kind=SizeKind.PERCENT_OF_EQUITY, value=Decimal(2))
    said = signal_with(quantity=Decimal(500), quantity_kind=SizeKind.NOTIONAL)
    own = drafted(algorithm_with(sizing=sizing), said)
    assert (own.quantity, own.quantity_kind) == (Decimal(2), SizeKind.PERCENT_OF_EQUITY)
    assert note_of(own, "qty")[:2] == ("500 in the instrument's currency", "2 % of equity")
    messages = drafted(algorithm_with(sizing=sizing, dynamic=ALL_ON), said)
    assert (messages.quantity, messages.quantity_kind) == (Decimal(500), SizeKind.NOTIONAL)
    units = drafted(algorithm_with(sizing=sizing, dynamic=ALL_ON), signal_with(quantity=Decimal(2)))
    assert (units.quantity, units.quantity_kind) == (Decimal(2), None)


@pytest.mark.parametrize("dynamic", [Dynamic(), ALL_ON])
def test_a_stop_that_serves_for_the_size_alone_blocks_nothing(
    algorithm_with: Algorithms, signal_with: Signals, dynamic: Dynamic
) -> None:
    algorithm = algorithm_with(sizing=Sizing(stop=StopUse.SIZE_ONLY), dynamic=dynamic)
    stop = Protection(stop_price=Decimal(90))
    assert drafted(algorithm, signal_with(stop_loss=stop)).stop_loss == stop


def test_what_only_closes_takes_no_exits_of_its_own(algorithm_with: Algorithms, signal_with: Signals) -> None:
    stop = Protection(stop_price=Decimal(90))
    signal = signal_with(action=Action.SELL, sentiment=Sentiment.FLAT, stop_loss=stop)
    assert drafted(algorithm_with(), signal).stop_loss is None


def test_working_outside_the_session_is_the_order_switchs(
    algorithm_with: Algorithms, signal_with: Signals
) -> None:
    signal = signal_with(extended_hours=True, cancel_first=True)
    on, off = drafted(algorithm_with(dynamic=ALL_ON), signal), drafted(algorithm_with(), signal)
    assert (on.extended_hours, off.extended_hours) == (True, None)
    assert (on.cancel_first, off.cancel_first) == (True, True)


def test_notes_of_the_draft_before_are_kept(algorithm_with: Algorithms, signal_with: Signals) -> None:
    first = drafted(algorithm_with(), signal_with())
    second = DynamicFields().apply(first, signal_with(), algorithm_with())
    assert second.notes[: len(NOTED)] == first.notes
