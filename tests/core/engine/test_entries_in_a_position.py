"""How many entries make up one position, and the account's multiplier."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import ended, fill_some, holding, legs, limit, sent, settle
from core.engine.bench import Bench, execution
from tradewire.domain.message import Action
from tradewire.domain.order import ParentState
from tradewire.domain.size import SizeKind
from tradewire.store.database import Store


def ask(bench: Bench, action: Action = Action.BUY, quantity: int = 10, **fields: Any) -> str | None:
    """Why the signal's last leg ended, everything that could fill filled."""
    signal = bench.ask(action=action, quantity=Decimal(quantity), **fields)
    settle(bench)
    return legs(bench, signal)[-1].reason


@pytest.fixture
def twice(bench: Bench) -> Bench:
    bench.change_algorithm("alg", allow_shorts=True, max_entries=2)
    return bench


def test_as_many_entries_as_there_may_be_and_no_more(twice: Bench) -> None:
    assert [ask(twice), ask(twice, Action.ADD), ask(twice), ask(twice, Action.ADD)] == [
        "filled",
        "filled",
        "max_entries",
        "max_entries",
    ]
    assert twice.held() == 20


def test_what_reduces_is_no_entry_and_frees_none(twice: Bench) -> None:
    assert [ask(twice), ask(twice), ask(twice, Action.SELL, 5), ask(twice)] == [
        "filled",
        "filled",
        "filled",
        "max_entries",
    ]
    assert twice.held() == 15


@pytest.mark.parametrize("leave", [Action.EXIT, Action.SELL])
def test_a_position_that_was_closed_begins_anew(twice: Bench, leave: Action) -> None:
    assert [ask(twice), ask(twice), ask(twice, leave, 20), ask(twice), ask(twice), ask(twice)] == [
        *["filled"] * 5,
        "max_entries",
    ]


def test_what_passes_zero_is_the_first_entry_of_the_position_there(twice: Bench) -> None:
    reasons = [ask(twice), ask(twice), ask(twice, Action.SELL, 30)]
    reasons += [ask(twice, Action.SELL), ask(twice, Action.SELL)]
    assert reasons == [*["filled"] * 4, "max_entries"]
    assert twice.held() == -20


def test_a_reversal_begins_a_position_of_one_entry(twice: Bench) -> None:
    assert [ask(twice), ask(twice), ask(twice, Action.REVERSE, 5)] == ["filled"] * 3
    assert [ask(twice, Action.SELL), ask(twice, Action.SELL)] == ["filled", "max_entries"]


def test_orders_at_work_count_and_those_that_came_to_nothing_do_not(twice: Bench) -> None:
    resting = twice.ask(**limit(10))
    child = sent(twice, resting)
    twice.ask(**limit(10))
    third = twice.ask(**limit(10))
    assert legs(twice, third)[0].reason == "max_entries"
    twice.report(ended(child, 0))
    twice.work()
    assert legs(twice, twice.ask(**limit(10)))[0].state is ParentState.WORKING


def test_a_partly_filled_entry_counts_once(twice: Bench) -> None:
    twice.ask(**limit(10))
    fill_some(twice)
    twice.work()
    assert ask(twice) == "filled"
    assert ask(twice) == "max_entries"


def test_the_count_survives_a_restart(twice: Bench) -> None:
    ask(twice)
    ask(twice)
    again = Bench(twice.store, twice.plugins)
    again._signals = 100
    again.desk.dedupe = twice.desk.dedupe
    again.take_lease("acc")
    assert ask(again) == "max_entries"


def test_a_fill_that_comes_late_counts_in_the_position_that_it_makes(twice: Bench) -> None:
    resting = twice.ask(**limit(10))
    late = sent(twice, resting)
    twice.report(ended(late, 0))
    twice.work()
    twice.report(execution(late, "late", 4))
    assert [ask(twice), ask(twice)] == ["filled", "max_entries"]


def test_the_accounts_multiplier_scales_what_is_opened_and_nothing_that_is_closed(store: Store) -> None:
    bench = Bench(store)
    bench.account(quantity_multiplier=Decimal("0.5"))
    bench.algorithm(allow_shorts=True)
    ask(bench, Action.BUY, 100)
    assert bench.held() == 50
    ask(bench, Action.ADD, 25)
    assert bench.held() == 62
    ask(bench, Action.EXIT, 12)
    assert bench.held() == 50
    ask(bench, Action.TARGET, 60)
    assert bench.held() == 30
    ask(bench, Action.TARGET, -60)
    assert bench.held() == -30
    signal = bench.ask(action=Action.REVERSE)
    settle(bench)
    assert bench.held() == 30
    assert legs(bench, signal)[1].sized == "as much as was closed, 30"
    ask(bench, Action.REVERSE, 40)
    assert bench.held() == -20
    ask(bench, Action.EXIT, 50, quantity_kind=SizeKind.PERCENT_OF_POSITION)
    assert bench.held() == -10


def test_a_size_in_equity_is_worked_out_at_the_admission(bench: Bench) -> None:
    bench.desk.equity = Decimal(100_000)
    signal = bench.ask(quantity=Decimal(2), quantity_kind=SizeKind.PERCENT_OF_EQUITY)
    settle(bench)
    (parent,) = legs(bench, signal)
    assert parent.sized == "2 % of equity 100,000 USD at 100 = 20 AAPL"
    assert bench.held() == 20


def test_a_target_in_equity_that_was_reached_from_above_is_not_gone_beyond(bench: Bench) -> None:
    bench.desk.equity = Decimal(100_000)
    holding(bench, 100)
    signal = bench.signal(action=Action.TARGET, quantity=Decimal(2), quantity_kind=SizeKind.PERCENT_OF_EQUITY)
    bench.route()
    bench.work()
    bench.desk.price = Decimal(50)
    settle(bench)
    assert [one.reason for one in legs(bench, signal)] == ["filled", "target_reached"]
    assert bench.held() == 20


def test_equity_that_the_broker_does_not_say_is_asked_for_and_then_blocks(bench: Bench) -> None:
    signal = bench.ask(quantity=Decimal(2), quantity_kind=SizeKind.PERCENT_OF_EQUITY)
    assert {want.kind.value for want in bench.desk.wants} == {"equity"}
    bench.desk.unasked = set(bench.desk.wants)
    bench.work()
    (parent,) = legs(bench, signal)
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "no_equity")
