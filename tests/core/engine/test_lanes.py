"""Several algorithms and signals: what goes first, what waits, and that nothing waits for ever."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import ended, filled, limit, only_child, sent
from core.engine.bench import Bench, execution, wanted
from core.engine.bench_desk import stock
from tradewire import (
    Unknown,
)
from tradewire.brokerage.market_view import Want, WantKind
from tradewire.domain.algorithm import Plugged
from tradewire.domain.message import Action
from tradewire.domain.order import ChildState, ParentState, Side
from tradewire.engine.account_view import EngineLimits
from tradewire.store.database import Store


def test_an_exit_leaves_what_other_algorithms_hold_on_the_account(bench: Bench) -> None:
    for name, quantity in (("a", 100), ("b", 50), ("c", 25)):
        bench.algorithm(name)
        signal = bench.ask(name, quantity=Decimal(quantity))
        child = bench.children(bench.parent(signal, name).id)[0]
        bench.release(child.client_id)
        bench.report(execution(child, name, quantity))
        bench.work()
    signal = bench.ask("a", action=Action.EXIT)
    (child,) = bench.children(bench.parent(signal, "a").id)
    assert (child.side, child.quantity) == (Side.SELL, Decimal(100))
    bench.release(child.client_id)
    bench.report(execution(child, "exit", 100))
    bench.work()
    assert bench.parent(signal, "a").state is ParentState.FILLED
    assert [bench.held(name) for name in "abc"] == [0, 50, 25]


def test_of_fifty_signals_over_five_symbols_exactly_those_within_the_limit_are_admitted(store: Store) -> None:
    bench = Bench(store)
    most = Plugged(name="max_position", params={"notional": "7000"})
    bench.account(guardians=(most,))
    bench.algorithm()
    symbols = ("AAPL", "MSFT", "TSLA", "NVDA", "AMZN")
    for number in range(50):
        bench.signal(symbol=symbols[number % 5], quantity=Decimal(10))
    bench.route()
    bench.work()
    states = [parent.state for parent in bench.parents()]
    assert states.count(ParentState.WORKING) == 7
    assert states.count(ParentState.BLOCKED) == 43
    assert len(bench.children()) == 7


def test_symbols_resolved_in_one_plan_are_valued_against_each_other(store: Store) -> None:
    bench = Bench(store)
    bench.account(guardians=(Plugged(name="max_position", params={"notional": "1500"}),))
    bench.algorithm()
    for symbol in ("AAPL", "MSFT"):
        bench.signal(symbol=symbol, quantity=Decimal(10))
    bench.route()
    bench.work()
    first, second = bench.parents()
    assert first.state is ParentState.WORKING
    assert (second.state, second.reason) == (ParentState.BLOCKED, "portfolio_too_large")


def test_a_global_limit_counts_the_live_orders_of_other_accounts(store: Store) -> None:
    limits = EngineLimits(global_guardians=(Plugged(name="max_position", params={"notional": "1500"}),))
    bench = Bench(store, limits=limits)
    for name in ("one", "two"):
        bench.account(name)
        bench.algorithm(name, name)
    bench.ask("one", "one")
    signal = bench.ask("two", "two")
    parent = bench.parent(signal, "two")
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "portfolio_too_large")


def test_a_lane_admits_nothing_while_an_orders_fate_is_unknown_and_goes_on_once_it_is_known(
    bench: Bench,
) -> None:
    first = bench.ask()
    child = only_child(bench, first)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    second, elsewhere = bench.signal(symbol="NASDAQ:AAPL"), bench.signal(symbol="MSFT")
    bench.route()
    bench.work()
    assert bench.parent(second).state is ParentState.PENDING
    assert "fate is unknown" in (bench.parent(second).detail or "")
    assert bench.parent(elsewhere).state is ParentState.WORKING
    bench.report(execution(child, "e", 10))
    bench.work()
    assert bench.parent(second).state is ParentState.WORKING


def test_what_waits_too_long_behind_an_unknown_order_expires(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    second = bench.ask()
    bench.later(61)
    bench.work()
    assert (bench.parent(second).state, bench.parent(second).reason) == (
        ParentState.EXPIRED,
        "waited_too_long",
    )


def test_an_exit_first_ends_the_algorithms_own_working_orders_then_sizes_from_fills(bench: Bench) -> None:
    filled(bench, bench.ask(quantity=Decimal(10)), 10)
    resting = bench.ask(**limit(20))
    child = sent(bench, resting)
    leave = bench.ask(action=Action.EXIT)
    assert [one.client_id for one in bench.desk.cancels] == [child.client_id]
    assert bench.parent(leave).state is ParentState.PENDING
    bench.report(execution(child, "during the cancel", 5))
    bench.report(ended(child, 5))
    bench.work()
    assert bench.parent(resting).state is ParentState.PARTLY_FILLED
    bench.work()
    assert only_child(bench, leave).quantity == 15


def test_an_opposite_entry_cancels_an_unsent_one_at_once(bench: Bench) -> None:
    bench.change_algorithm("alg", allow_shorts=True)
    first = bench.ask(action=Action.BUY)
    second = bench.ask(action=Action.SELL, quantity=Decimal(15))
    assert bench.parent(first).state is ParentState.CANCELLED
    assert only_child(bench, first).state is ChildState.CANCELLED
    assert only_child(bench, second).quantity == 5


def test_an_entry_lets_the_algorithms_own_exit_finish(bench: Bench) -> None:
    filled(bench, bench.ask(quantity=Decimal(10)), 10)
    leave = bench.ask(action=Action.EXIT)
    enter = bench.ask(quantity=Decimal(7))
    assert bench.parent(leave).cancel_requested is False
    assert bench.parent(enter).state is ParentState.PENDING
    filled(bench, leave, 10)
    bench.work()
    assert only_child(bench, enter).quantity == 7
    assert bench.held() == 0


def test_a_cancel_passes_a_lane_that_is_held_and_ends_earlier_orders_only(bench: Bench) -> None:
    bench.desk.ready = False
    before = bench.ask()
    cancel, after = bench.signal(action=Action.CANCEL), bench.signal()
    bench.route()
    bench.work()
    assert bench.parent(before).state is ParentState.CANCELLED
    assert bench.parent(cancel).state is ParentState.DONE
    assert bench.parent(after).state is ParentState.PENDING


def test_a_cancel_leaves_a_resolved_symbol_of_another_instrument_alone(bench: Bench) -> None:
    bench.desk.symbols |= {"KRAKEN:XYZ": (stock("K-XYZ"),), "COINBASE:XYZ": (stock("C-XYZ"),)}
    other = bench.ask(symbol="KRAKEN:XYZ")
    bench.ask(symbol="COINBASE:XYZ")
    bench.ask(symbol="COINBASE:XYZ", action=Action.CANCEL)
    assert bench.parent(other).state is ParentState.WORKING


def test_an_account_that_is_not_connected_keeps_orders_waiting_but_not_for_ever(bench: Bench) -> None:
    bench.desk.ready = False
    signal = bench.ask()
    assert bench.parent(signal).detail == "The account 'acc' is not ready: disconnected."
    bench.later(61)
    bench.work()
    assert bench.parent(signal).state is ParentState.EXPIRED


def test_prices_that_nobody_can_fetch_do_not_keep_an_order_waiting_for_ever(bench: Bench) -> None:
    bench.desk.unpriced = {"AAPL"}
    signal = bench.ask()
    assert wanted(bench, WantKind.QUOTE) == ["AAPL"]
    bench.later(61)
    bench.work()
    assert bench.parent(signal).state is ParentState.EXPIRED


def test_a_price_that_could_not_be_had_leaves_the_judgement_to_the_guardians(bench: Bench) -> None:
    bench.desk.unpriced = {"AAPL"}
    bench.desk.unasked = {Want(kind=WantKind.QUOTE, account_id="acc", key="AAPL")}
    assert bench.parent(bench.ask()).state is ParentState.WORKING


@pytest.mark.parametrize(
    ("found", "reason"),
    [((), "unknown_symbol"), ((stock("X1"), stock("X2")), "ambiguous_symbol")],
)
def test_a_symbol_that_is_unknown_or_ambiguous_is_refused_and_never_guessed(
    bench: Bench, found: Any, reason: str
) -> None:
    bench.desk.symbols["XX"] = found
    signal = bench.ask(symbol="XX")
    assert (bench.parent(signal).state, bench.parent(signal).reason) == (ParentState.REJECTED, reason)


def test_a_symbol_that_is_not_resolved_yet_is_asked_for(bench: Bench) -> None:
    signal = bench.ask(symbol="NEW")
    assert wanted(bench, WantKind.RESOLVE) == ["NEW"]
    assert bench.parent(signal).state is ParentState.PENDING
