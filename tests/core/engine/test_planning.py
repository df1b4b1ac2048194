"""What becomes due when, in which order, and that nothing waits for ever."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from core.engine.bench import Bench, execution, stock, wanted
from tradewire import (
    Accepted,
    Blueprint,
    Cancel,
    Decision,
    Finish,
    GuardedOrder,
    Guardian,
    GuardView,
    OrderType,
    Place,
    Rejected,
    RejectKind,
    Scope,
    Step,
    StepView,
    Unknown,
    Verdict,
    allow,
)
from tradewire.brokerage.outcomes import store_absent
from tradewire.contract.broker import DedupeClass, OrderState, OrderUpdate
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import AlgorithmState, Plugged
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState, ParentState, Side
from tradewire.domain.switch import SwitchState
from tradewire.engine import loading
from tradewire.engine.account_view import EngineLimits, Want, WantKind
from tradewire.engine.planning import plan
from tradewire.engine.storing import Overtaken, store_plan
from tradewire.plugins import Plugins
from tradewire.store.database import Store
from tradewire.store.schema import verdicts

FRESH = Plugged(name="stale_signal", params={"max_age_s": 86_400})


def only_child(bench: Bench, signal_id: str) -> ChildOrder:
    (child,) = bench.children(bench.parent(signal_id).id)
    return child


def sent(bench: Bench, signal_id: str) -> ChildOrder:
    """The signal's one order, at the broker."""
    child = only_child(bench, signal_id)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
    return child


def filled(bench: Bench, signal_id: str, quantity: int) -> None:
    child = sent(bench, signal_id)
    bench.report(execution(child, f"e-{signal_id}", quantity))
    bench.work()


def limit(quantity: int = 10, **fields: Any) -> dict[str, Any]:
    order = {"order_type": OrderType.LIMIT, "limit_price": Decimal(90), "quantity": Decimal(quantity)}
    return order | fields


class Scripted(Blueprint):
    """Answers with the next step of its script; the last one stays."""

    name = "scripted"

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.seen: list[StepView] = []

    def step(self, view: StepView) -> Step:
        self.seen.append(view)
        made = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return made(view) if callable(made) else made


class Told(Guardian):
    """Answers what it is told to at the moment."""

    name = "told"
    scopes = frozenset({Scope.ALGORITHM})
    live = True

    def __init__(self) -> None:
        self.at_admission: Any = allow("yes", "Yes.")
        self.later: Any = allow("yes", "Yes.")

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        answer = self.later if view.released else self.at_admission
        return answer(view) if callable(answer) else answer


def scripted(store: Store, *steps: Any, guardian: Guardian | None = None) -> tuple[Bench, Scripted]:
    plugins = Plugins.discover()
    blueprint = Scripted(*steps)
    plugins.blueprints["scripted"] = blueprint
    guardians = [FRESH]
    if guardian is not None:
        plugins.guardians[guardian.name] = guardian
        guardians.append(Plugged(name=guardian.name))
    bench = Bench(store, plugins)
    bench.account()
    bench.algorithm(blueprint=Plugged(name="scripted"), guardians=tuple(guardians))
    return bench, blueprint


def place(quantity: int, **fields: Any) -> Place:
    return Place(quantity=Decimal(quantity), order_type=OrderType.MARKET, **fields)


def all_at_once(view: StepView) -> Step:
    return Step(actions=(place(int(view.parent.quantity or 0)),))


# Several algorithms, several signals


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


# Lanes


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
    bench.report(_ended(child, 5))
    bench.work()
    assert bench.parent(resting).state is ParentState.PARTLY_FILLED
    bench.work()
    assert only_child(bench, leave).quantity == 15


def test_an_opposite_entry_cancels_an_unsent_one_at_once(bench: Bench) -> None:
    bench.change_algorithm("alg", allow_shorts=True)
    first = bench.ask(action=Action.BUY)
    second = bench.ask(action=Action.SELL)
    assert bench.parent(first).state is ParentState.CANCELLED
    assert only_child(bench, first).state is ChildState.CANCELLED
    assert bench.parent(second).state is ParentState.WORKING


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


# Waiting for the broker


def test_an_account_that_is_not_connected_keeps_orders_waiting_but_not_for_ever(bench: Bench) -> None:
    bench.desk.ready = False
    signal = bench.ask()
    assert bench.parent(signal).detail == "The account 'acc' is disconnected."
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


# Verdicts


def test_every_verdict_is_stored_with_the_admission(bench: Bench) -> None:
    bench.ask()
    (row,) = bench.rows(verdicts)
    assert {"kill_switch", "duplicate_signal", "stale_signal", "validity"} <= {
        one.guardian for one in row.document
    }


def test_the_same_content_again_within_the_window_is_blocked(bench: Bench) -> None:
    first, again = bench.signal(digest="same"), bench.signal(digest="same")
    bench.route()
    bench.work()
    assert bench.parent(first).state is ParentState.WORKING
    assert (bench.parent(again).state, bench.parent(again).reason) == (ParentState.BLOCKED, "duplicate")


def test_a_stopped_algorithm_opens_nothing_and_still_exits(bench: Bench) -> None:
    filled(bench, bench.ask(), 10)
    enter, leave = bench.signal(), bench.signal(action=Action.EXIT)
    bench.route()
    bench.change_algorithm("alg", state=AlgorithmState.STOPPED)
    bench.work()
    assert bench.parent(enter).reason == "algorithm_stopped"
    assert bench.parent(leave).state is ParentState.WORKING


def test_a_delayed_order_comes_back_and_an_exit_is_sized_anew(store: Store) -> None:
    told = Told()
    bench, _ = scripted(
        store, lambda view: Step(actions=(place(int(view.parent.quantity or 0)),)), guardian=told
    )
    first = bench.ask(quantity=Decimal(10))
    child = sent(bench, first)
    bench.report(execution(child, "a", 4), _ended(child, 10))
    bench.work()
    leave = bench.signal(action=Action.EXIT)
    bench.route()
    bench.report(execution(child, "b", 6))
    told.at_admission = lambda view: Verdict(
        decision=Decision.DELAY, reason="later", message="Later.", until=view.now + timedelta(seconds=90)
    )
    bench.work()
    assert bench.parent(leave).state is ParentState.PENDING
    assert bench.parent(leave).quantity is None
    told.at_admission = allow("yes", "Yes.")
    bench.later(91)
    bench.work()
    assert only_child(bench, leave).quantity == 10


def test_a_delay_into_the_past_does_not_come_back_at_once(store: Store) -> None:
    told = Told()
    told.at_admission = lambda view: Verdict(
        decision=Decision.DELAY, reason="later", message="Later.", until=view.now
    )
    bench, _ = scripted(store, Step(actions=(place(10),)), guardian=told)
    signal = bench.ask()
    for _ in range(5):
        bench.work()
    assert len(bench.rows(verdicts)) == 1
    assert bench.parent(signal).wake_at == bench.clock.now() + timedelta(seconds=1)


@pytest.mark.parametrize("decision", [Decision.BLOCK, Decision.DELAY, Decision.TRIM])
def test_a_live_guardian_that_does_not_allow_a_later_child_ends_the_order(
    store: Store, decision: Decision
) -> None:
    told = Told()
    bench, _ = scripted(store, Step(actions=(place(4),)), Step(actions=(place(6, slice=1),)), guardian=told)
    signal = bench.ask()
    child = sent(bench, signal)
    told.later = lambda view: Verdict(
        decision=decision, reason="no", message="No.", quantity=Decimal(1), until=view.now
    )
    bench.report(execution(child, "e", 4))
    bench.work()
    assert [one.state for one in bench.children()] == [ChildState.FILLED, ChildState.CANCELLED]
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    assert [one.client_id for one in bench.desk.queue] == [child.client_id]


def test_a_guardian_quarantined_since_the_admission_denies_a_later_child(store: Store) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), Step(actions=(place(6, slice=1),)), guardian=Told())
    signal = bench.ask()
    bench.plugins.quarantine_guardian("told", "late")
    bench.report(execution(sent(bench, signal), "e", 4))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED


def test_a_test_message_ends_before_the_broker_on_a_live_account(store: Store) -> None:
    bench = Bench(store)
    bench.account(mode=AccountMode.LIVE)
    bench.algorithm()
    signal = bench.ask(test=True)
    assert bench.parent(signal).state is ParentState.TESTED
    assert bench.children() == []


def test_an_order_whose_blueprint_is_gone_is_blocked_and_holds_up_nothing(bench: Bench) -> None:
    bench.algorithm("other", blueprint=Plugged(name="limit"))
    gone = bench.signal()
    bench.route()
    bench.plugins.blueprints.pop("market")
    after = bench.signal("other", **limit())
    bench.route()
    bench.work()
    assert (bench.parent(gone).state, bench.parent(gone).reason) == (ParentState.BLOCKED, "cannot_be_worked")
    assert bench.parent(after, "other").state is ParentState.WORKING


def test_a_defect_ends_one_order_visibly_and_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = bench.signal(), bench.signal(symbol="MSFT")
    bench.route()
    judged = bench.judge.judge

    def broken(order: GuardedOrder, *rest: Any, **named: Any) -> tuple[Verdict, ...]:
        if order.symbol == "AAPL":
            raise ZeroDivisionError("a defect")
        return judged(order, *rest, **named)

    monkeypatch.setattr(bench.judge, "judge", broken)
    bench.work()
    assert (bench.parent(first).state, bench.parent(first).reason) == (ParentState.FAILED, "engine_failed")
    assert bench.parent(second).state is ParentState.WORKING
    assert "alert.raised" in bench.kinds()


# Blueprints that misbehave


@pytest.mark.parametrize(
    "step",
    [
        Step(actions=(place(11),)),
        Step(actions=(place(6), place(6, slice=1))),
        Step(actions=(place(0),)),
        Step(actions=(Finish(state=ParentState.CANCELLED, reason="r"), place(5))),
        Step(actions=(Finish(state=ParentState.FILLED, reason="r"),)),
        Step(actions=(Finish(state=ParentState.TESTED, reason="r"),)),
        Step(actions=(place(5), Finish(state=ParentState.CANCELLED, reason="r"))),
        Step(),
        None,
    ],
)
def test_a_blueprint_that_breaks_the_orders_arithmetic_is_paused_with_an_alert(
    store: Store, step: Any
) -> None:
    bench, _ = scripted(store, step)
    parent = bench.parent(bench.ask())
    assert (parent.state, parent.reason) == (ParentState.PAUSED, "blueprint_failed")
    assert parent.ended_at is None
    assert sum((one.quantity for one in bench.children()), Decimal(0)) <= 10
    assert "alert.raised" in bench.kinds()


def test_a_paused_order_that_is_cancelled_winds_down_and_lets_the_exit_through(store: Store) -> None:
    bench, blueprint = scripted(store, Step(actions=(place(4),)), None)
    signal = bench.ask()
    child = sent(bench, signal)
    bench.report(execution(child, "e", 1))
    bench.work()
    assert bench.parent(signal).state is ParentState.PAUSED
    blueprint.steps = [all_at_once]
    leave = bench.ask(action=Action.EXIT)
    bench.report(_ended(child, 1))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    bench.work()
    assert only_child(bench, leave).quantity == 1


def test_what_happens_to_a_paused_order_leaves_nothing_due(store: Store) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), None)
    signal = bench.ask()
    child = only_child(bench, signal)
    bench.later(11)
    bench.release(child.client_id)
    bench.work()
    assert bench.parent(signal).state is ParentState.PAUSED
    assert bench.parent(signal).wake_at is None
    seen = len(bench.kinds())
    bench.work()
    assert len(bench.kinds()) == seen


def test_an_unsent_order_that_its_blueprint_cancels_is_stepped_again(store: Store) -> None:
    def follow(view: StepView) -> Step:
        child = view.children[-1]
        if child.state.is_open:
            return Step(actions=(Cancel(client_id=child.client_id, reason="time_to_live"),))
        return Step(actions=(Finish(state=ParentState.CANCELLED, reason="time_to_live"),))

    start = Step(actions=(place(10),), wake_at=Bench(store).clock.now())
    bench, _ = scripted(store, start, follow)
    signal = bench.ask()
    bench.work()
    bench.work()
    assert bench.parent(signal).state is ParentState.CANCELLED


def test_nothing_is_placed_while_the_account_is_not_ready_and_nothing_is_forgotten(store: Store) -> None:
    bench, _ = scripted(store, Step(actions=(place(4),)), Step(actions=(place(6, slice=1),)))
    signal = bench.ask()
    bench.report(execution(sent(bench, signal), "e", 4))
    bench.desk.ready = False
    bench.work()
    assert len(bench.children()) == 1
    bench.desk.ready = True
    bench.work()
    assert len(bench.children()) == 2


# Plans and what overtakes them


def test_a_report_between_look_and_write_is_never_overwritten(bench: Bench) -> None:
    """What the broker said while the plan was made stays, though it moved no state."""
    signal = bench.ask(**limit(10))
    child = sent(bench, signal)
    bench.signal(action=Action.CANCEL)
    bench.route()
    bench.work(meanwhile=lambda: bench.report(_ended(child, 5)))
    stored = bench.child(child.client_id)
    assert (stored.reported_state, stored.reported_filled) == (ChildState.CANCELLED, Decimal(5))
    assert stored.cancel_requested
    bench.report(execution(child, "e", 5))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED


def test_a_release_between_look_and_write_turns_an_end_into_a_cancel(bench: Bench) -> None:
    signal = bench.ask(**limit(10))
    child = only_child(bench, signal)
    bench.signal(action=Action.CANCEL)
    bench.route()
    bench.work(meanwhile=lambda: bench.release(child.client_id))
    assert bench.child(child.client_id).state is ChildState.SENT
    assert [one.client_id for one in bench.desk.cancels] == [child.client_id]


def test_a_switch_between_look_and_write_blocks(bench: Bench) -> None:
    signal = bench.signal()
    bench.route()
    bench.work(meanwhile=lambda: bench.switch(SwitchState.HALTED))
    assert bench.parent(signal).state is ParentState.BLOCKED


def test_a_plan_overtaken_again_and_again_is_made_where_nothing_can_overtake_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = bench.signal()
    bench.route()
    read = bench.interleaved.read_now

    def overtaken(unit: Any) -> Any:
        found = read(unit)
        bench.switch(SwitchState.ACTIVE)
        return found

    monkeypatch.setattr(bench.interleaved, "read_now", overtaken)
    bench.work()
    assert bench.parent(signal).state is ParentState.WORKING


def test_a_plan_made_under_an_older_lease_stores_nothing(bench: Bench, store: Store) -> None:
    bench.signal()
    bench.route()
    view = store.read_now(
        partial(loading.account_view, account_id="acc", now=bench.clock.now(), with_others=False)
    )
    assert view is not None
    changes = plan(view, bench.desk.market("acc"), bench.plugins, bench.judge, bench.limits)
    bench.take_lease("acc")
    with pytest.raises(Overtaken):
        store.write_now(partial(store_plan, view=view, changes=changes, with_others=False))
    assert bench.children() == []


# Unknown


def test_an_order_of_a_broker_that_cannot_refuse_a_copy_is_never_sent_again(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    after = bench.write(
        store_absent, client_id=child.client_id, proof="p", dedupe=DedupeClass.C, now=bench.clock.now()
    )
    assert not after.send
    assert bench.child(child.client_id).state is ChildState.UNKNOWN
    assert "alert.raised" in bench.kinds()


def test_an_order_that_never_arrived_goes_out_again_under_the_same_id(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    first = bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    after = bench.write(
        store_absent, client_id=child.client_id, proof="p", dedupe=DedupeClass.B, now=bench.clock.now()
    )
    assert after.send
    assert bench.release(child.client_id) == first


def test_a_second_copy_refused_by_the_broker_is_looked_up_and_not_taken_for_a_refusal(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    bench.release(child.client_id)
    after = bench.submitted(child.client_id, Rejected(kind=RejectKind.DUPLICATE, message="seen"))
    assert after.look_up
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_a_refused_order_ends_its_parent_with_the_brokers_words(bench: Bench) -> None:
    signal = bench.ask()
    child = only_child(bench, signal)
    bench.release(child.client_id)
    bench.submitted(
        child.client_id, Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message="insufficient buying power")
    )
    bench.work()
    parent = bench.parent(signal)
    assert (parent.state, parent.reason) == (ParentState.REJECTED, "insufficient_funds")
    assert "insufficient buying power" in (parent.detail or "")


def _ended(child: ChildOrder, filled: int) -> OrderUpdate:
    order = OrderState(
        client_id=child.client_id,
        broker_order_id=f"b-{child.client_id}",
        instrument_id=child.instrument_id,
        side=child.side,
        quantity=child.quantity,
        filled=Decimal(filled),
        state=ChildState.FILLED if filled == child.quantity else ChildState.CANCELLED,
    )
    return OrderUpdate(order=order, at=child.created_at)
