"""From the webhook to the fill, through every real part."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.relay import Relay, ShiftedClock, prepare, running
from tradewire.domain.verdict import Scope
from tradewire.store.schema import child_orders, fills, parent_orders, positions, signals

pytestmark = pytest.mark.usefixtures("on_both_stores")

#: What a clock that is put forward makes due is seen by the next sweep.
SOON = {"TRADEWIRE_ENGINE__SWEEP_S": "0.2"}
SUNDAY_NIGHT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

GUIDE = (
    ({"symbol": "AAPL", "action": "BUY", "qty": 100},),
    ({"symbol": "AAPL", "action": "BUY", "qty": 50}, {"symbol": "TSLA", "action": "SELL", "qty": 25}),
    (
        {"symbol": "AAPL", "action": "BUY", "qty": 50},
        {"symbol": "MSFT", "action": "SELL", "qty": 30},
        {"symbol": "TSLA", "action": "BUY", "qty": 15},
    ),
)


@pytest.mark.parametrize("messages", GUIDE)
@pytest.mark.parametrize("at", [None, SUNDAY_NIGHT])
def test_the_guides_messages_fill(
    tmp_path: Path, messages: tuple[dict[str, Any], ...], at: datetime | None
) -> None:
    clock = ShiftedClock(at) if at is not None else None
    with running(tmp_path / "data", clock) as relay:
        prepare(relay)
        relay.add_algorithm("my_strategy_1")
        for message in messages:
            assert relay.post("my_strategy_1", **message).json()["status"] == "accepted"
        relay.settled()
        held = {row.instrument_id: row.quantity for row in relay.rows(positions)}
        assert held == {
            one["symbol"]: Decimal(one["qty"]) * (1 if one["action"] == "BUY" else -1) for one in messages
        }


def test_fifty_copies_at_once_are_one_order(relay: Relay) -> None:
    relay.add_algorithm("once")
    body = {"strategy": "once", "symbol": "AAPL", "action": "buy", "qty": 5}
    answers = [answer.json() for answer in relay.post_all([body] * 50)]
    relay.settled()
    accepted = [answer for answer in answers if answer["status"] == "accepted"]
    assert len(accepted) == 1
    assert {answer["of"] for answer in answers if answer["status"] == "duplicate"} == {accepted[0]["id"]}
    assert len(relay.rows(child_orders)) == 1


def test_fifty_signals_at_once_against_a_limit_of_seven_are_seven_orders(relay: Relay) -> None:
    relay.add_algorithm("seven", max_position="quantity = 2\nnotional = 100000000")
    symbols = ["AAPL", "MSFT", "TSLA", "SPY", "NVDA"]
    limits = {"AAPL": 2, "MSFT": 2, "TSLA": 1, "SPY": 1, "NVDA": 1}
    for symbol, most in limits.items():
        relay.add_algorithm(f"only_{symbol}", symbol=symbol, max_position=f"quantity = {most}")
    messages = [
        {"strategy": f"only_{symbols[n % 5]}", "symbol": symbols[n % 5], "action": "buy", "qty": 1, "id": n}
        for n in range(50)
    ]
    for answer in relay.post_all([{**one, "id": str(one["id"])} for one in messages]):
        assert answer.json()["status"] == "accepted"
    relay.settled()
    states = [row.state for row in relay.rows(parent_orders)]
    assert sorted(states) == ["blocked"] * 43 + ["filled"] * 7
    assert len(relay.rows(child_orders)) == 7


def test_resends_are_one_order_and_the_same_content_a_minute_later_is_another(tmp_path: Path) -> None:
    clock = ShiftedClock(SUNDAY_NIGHT)
    with running(tmp_path / "data", clock, **SOON) as relay:
        prepare(relay)
        relay.add_algorithm("resent")
        for _ in range(4):
            relay.post("resent", symbol="AAPL", action="buy", qty=1)
            relay.settled()
            clock.advance(8)
        assert len(relay.rows(child_orders)) == 1
        clock.advance(60 - 32)
        assert relay.post("resent", symbol="AAPL", action="buy", qty=1).json()["status"] == "accepted"
        relay.settled()
        assert len(relay.rows(child_orders)) == 2


def test_an_exit_closes_its_own_algorithm_and_leaves_the_others(relay: Relay) -> None:
    for name, quantity in (("first", 100), ("second", 50), ("third", 25)):
        relay.add_algorithm(name)
        relay.post(name, symbol="AAPL", action="buy", qty=quantity)
    relay.settled()
    relay.post("first", symbol="AAPL", action="exit")
    relay.settled()
    names = {view.id: view.name for view in relay.do(relay.core.services.algorithms.list())}
    held = {names[row.algorithm_id]: row.quantity for row in relay.rows(positions)}
    assert held == {"first": 0, "second": 50, "third": 25}
    host = relay.core.engine.desk.host(relay.rows(parent_orders)[0].account_id)
    at_broker = relay.do(relay.core.engine.desk.awaited(host.session.positions()))
    assert [(one.instrument_id, one.quantity) for one in at_broker] == [("AAPL", Decimal(75))]


def test_a_restart_keeps_everything_and_sends_nothing_again(tmp_path: Path) -> None:
    with running(tmp_path / "data") as relay:
        prepare(relay)
        relay.add_algorithm("kept")
        relay.post("kept", symbol="AAPL", action="buy", qty=3)
        relay.settled()
        key = relay.key
    with running(tmp_path / "data") as relay:
        relay.key = key
        assert [row.quantity for row in relay.rows(positions)] == [3]
        relay.post("kept", symbol="AAPL", action="exit")
        relay.settled()
        assert [row.quantity for row in relay.rows(positions)] == [0]
        assert [row.quantity for row in relay.rows(fills)] == [3, 3]


def test_a_stale_signal_with_a_bars_time_says_which_placeholder_is_meant(relay: Relay) -> None:
    relay.add_algorithm("late")
    relay.post("late", symbol="AAPL", action="buy", qty=1, time="2026-01-05T14:30:00Z")
    relay.settled()
    [order] = relay.rows(parent_orders)
    assert order.state == "blocked"
    assert "{{timenow}}" in order.detail


def test_a_signal_that_matches_nothing_names_what_nearly_did(relay: Relay) -> None:
    relay.add_algorithm("Exact_Case")
    relay.post("exact_case", symbol="AAPL", action="buy", qty=1)
    relay.settled()
    [signal] = relay.rows(signals)
    assert signal.outcome == "no_match"
    assert "Exact_Case" in signal.reason


def test_a_halted_algorithm_sends_nothing_and_a_resumed_one_does(relay: Relay) -> None:
    relay.add_algorithm("switched")
    switches = relay.core.services.switches
    relay.do(switches.halt(Scope.ALGORITHM, "switched", "looking first", "test"))
    relay.post("switched", symbol="AAPL", action="buy", qty=1)
    relay.settled()
    relay.do(switches.resume(Scope.ALGORITHM, "switched", "looked", "test"))
    relay.post("switched", symbol="AAPL", action="buy", qty=2)
    relay.settled()
    assert [row.state for row in relay.rows(parent_orders)] == ["blocked", "filled"]


def test_a_bad_limit_order_is_refused_and_a_good_one_rests(relay: Relay) -> None:
    relay.add_algorithm("limits")
    refused = relay.post("limits", symbol="AAPL", action="buy", qty=1, orderType="limit")
    assert refused.status_code == 400
    relay.post("limits", symbol="AAPL", action="buy", qty=1, orderType="limit", limitPrice="1.00")
    relay.wait_until(lambda: [row.state for row in relay.rows(child_orders)] == ["acknowledged"])
    relay.post("limits", symbol="AAPL", action="cancel")
    relay.settled()
    assert [row.state for row in relay.rows(parent_orders)] == ["cancelled", "done"]


def held_by(relay: Relay) -> dict[str, Decimal]:
    names = {view.id: view.name for view in relay.do(relay.core.services.algorithms.list())}
    return {names[row.algorithm_id]: row.quantity for row in relay.rows(positions)}


def test_a_reversal_turns_the_position_over_in_two_orders(relay: Relay) -> None:
    relay.add_algorithm("turning")
    relay.post("turning", symbol="AAPL", action="buy", qty=100)
    relay.settled()
    answer = relay.post("turning", symbol="AAPL", action="reverse").json()
    relay.settled()
    assert held_by(relay) == {"turning": -100}
    story = relay.do(relay.core.services.stories.show(answer["id"]))
    assert story.signal.state == "filled"
    assert [(order.leg, order.purpose, order.side) for order in story.orders] == [
        (0, "exit", "sell"),
        (1, "entry", "sell"),
    ]
    told = [stage.text for stage in story.stages if stage.stage == "order"]
    assert told[0].startswith("reverse, leg 0: exit")
    assert told[1].startswith("reverse, leg 1: entry")


@pytest.mark.parametrize("targets", [(100, 40, -60, 0), (-5, 5, 5, -1)])
def test_targets_are_reached_from_wherever_the_algorithm_is(relay: Relay, targets: tuple[int, ...]) -> None:
    relay.add_algorithm("aimed")
    for target in targets:
        relay.post("aimed", symbol="AAPL", action="target", qty=target, id=f"{target}-{len(targets)}")
        relay.settled()
        assert held_by(relay).get("aimed", 0) == target


def test_a_reversal_fired_as_a_swapped_pair_ends_where_the_strategy_meant(relay: Relay) -> None:
    relay.add_algorithm("swapped")
    relay.post("swapped", symbol="AAPL", action="buy", qty=100)
    relay.settled()
    pair = [
        {"strategy": "swapped", "symbol": "AAPL", "action": "sell", "qty": 100, "id": sentiment}
        | {"sentiment": sentiment}
        for sentiment in ("short", "flat")
    ]
    for answer in relay.post_all(pair):
        assert answer.json()["status"] == "accepted"
    relay.settled()
    assert held_by(relay) == {"swapped": -100}


def test_a_size_in_equity_is_of_the_accounts_and_tells_how_it_came_about(relay: Relay) -> None:
    sizing = 'sizing = { kind = "percent_of_equity", value = 2 }'
    relay.add_algorithm("sized", size=sizing)
    answer = relay.post("sized", symbol="AAPL", action="buy").json()
    relay.settled()
    [fill] = relay.rows(fills)
    story = relay.do(relay.core.services.stories.show(answer["id"]))
    [admitted] = [stage.text for stage in story.stages if stage.stage == "admitted"]
    assert "2 % of equity 1" in admitted
    assert f"= {fill.quantity} AAPL)" in admitted
    equity = Decimal(admitted.split("equity ")[1].split(" USD")[0].replace(",", ""))
    assert fill.quantity * fill.price <= equity * Decimal("0.0201")
    assert (fill.quantity + 1) * fill.price >= equity * Decimal("0.0199")


def test_a_size_by_risk_without_a_stop_is_refused_by_name(relay: Relay) -> None:
    relay.add_algorithm("risky")
    message = {"symbol": "AAPL", "action": "buy", "quantityType": "risk_dollar_amount", "qty": 100}
    answer = relay.post("risky", **message)
    relay.settled()
    assert answer.status_code == 200
    [order] = relay.rows(parent_orders)
    assert (order.state, order.reason) == ("blocked", "no_stop")


def test_while_the_market_is_closed_an_entry_is_blocked_and_an_exit_waits_for_the_open(
    tmp_path: Path,
) -> None:
    clock = ShiftedClock(datetime(2026, 3, 2, 20, 0, tzinfo=UTC))
    with running(tmp_path / "data", clock, **SOON) as relay:
        prepare(relay)
        relay.add_account("hours", hours="exchange")
        relay.add_algorithm("nightly", account="hours")
        relay.post("nightly", symbol="AAPL", action="buy", qty=3)
        relay.settled()
        clock.advance(timedelta(hours=6).total_seconds())
        relay.post("nightly", symbol="AAPL", action="buy", qty=4)
        relay.post("nightly", symbol="AAPL", action="exit")
        opens = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
        relay.wait_until(lambda: relay.rows(parent_orders)[-1].wake_at == opens)
        relay.wait_until(lambda: relay.rows(parent_orders)[-2].reason == "market_closed")
        clock.advance((opens - clock.now()).total_seconds())
        relay.settled()
        assert [row.state for row in relay.rows(parent_orders)] == ["filled", "blocked", "filled"]
        assert held_by(relay) == {"nightly": 0}
