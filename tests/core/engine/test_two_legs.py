"""A close and an opening: what is opened is exactly what the close left to open, whatever befalls it."""

from decimal import Decimal

import pytest

from core.engine.acts import admitted, audited, ended, fill_some, holding, legs, limit, sent, settle
from core.engine.bench import Bench, execution
from tradewire import Accepted, Unknown
from tradewire.brokerage.outcomes import store_absent, store_lost
from tradewire.brokerage.release import Withheld
from tradewire.contract.broker import Rejected, RejectKind
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import AlgorithmState, OnOpposite
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import ChildOrder, ChildState, OrderType, ParentState, Side
from tradewire.domain.switch import SwitchState
from tradewire.store.database import Store
from tradewire.store.schema import positions

REVERSE_AT_A_LIMIT = {
    "action": Action.REVERSE,
    "order_type": OrderType.LIMIT,
    "limit_price": Decimal(110),
}


@pytest.fixture
def held(bench: Bench) -> Bench:
    """The algorithm holds 100, and may go short."""
    bench.change_algorithm("alg", allow_shorts=True)
    holding(bench, 100)
    return bench


def state_of(bench: Bench, signal: str) -> list[tuple[ParentState, str | None]]:
    return [(one.state, one.reason) for one in legs(bench, signal)]


def close_of(bench: Bench, signal: str) -> ChildOrder:
    (child,) = bench.children(legs(bench, signal)[0].id)
    return child


def test_nothing_is_opened_while_the_close_is_not_done(held: Bench) -> None:
    signal = held.ask(action=Action.REVERSE)
    sent(held, signal)
    held.report(execution(close_of(held, signal), "part", 60))
    held.work()
    close, opening = legs(held, signal)
    assert (close.state, opening.state) == (ParentState.WORKING, ParentState.PENDING)
    assert opening.detail == "The order that closes the position first is not done yet."
    held.report(execution(close_of(held, signal), "rest", 40))
    held.work()
    (child,) = held.children(legs(held, signal)[1].id)
    assert (child.side, child.quantity) == (Side.SELL, Decimal(100))


@pytest.mark.parametrize("filled", [0, 60])
def test_a_close_that_was_refused_or_cut_short_opens_nothing(held: Bench, filled: int) -> None:
    signal = held.ask(action=Action.REVERSE)
    child = close_of(held, signal)
    held.release(child.client_id)
    if filled:
        held.submitted(child.client_id, Accepted(broker_order_id="b"))
        held.report(execution(child, "part", filled), ended(child, filled))
    else:
        held.submitted(child.client_id, Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message="no"))
    settle(held)
    assert state_of(held, signal)[1] == (ParentState.BLOCKED, "close_incomplete")
    assert held.held() == 100 - filled


def test_a_close_of_unknown_fate_that_was_filled_lets_the_opening_go_on(held: Bench) -> None:
    signal = held.ask(action=Action.REVERSE)
    child = close_of(held, signal)
    held.release(child.client_id)
    held.submitted(child.client_id, Unknown(cause="no answer"))
    held.work()
    assert state_of(held, signal)[1][0] is ParentState.PENDING
    held.report(execution(child, "found", 100))
    settle(held)
    assert held.held() == -100


def test_a_close_that_never_arrived_and_came_too_late_opens_nothing(held: Bench) -> None:
    signal = held.ask(action=Action.REVERSE)
    child = close_of(held, signal)
    held.release(child.client_id)
    held.submitted(child.client_id, Unknown(cause="no answer"))
    held.later(30)
    held.write(
        store_absent,
        client_id=child.client_id,
        proof="not there",
        dedupe=DedupeClass.A,
        now=held.clock.now(),
    )
    assert isinstance(held.release(child.client_id), Withheld)
    settle(held)
    assert state_of(held, signal) == [
        (ParentState.EXPIRED, "too_late"),
        (ParentState.BLOCKED, "close_incomplete"),
    ]
    assert held.held() == 100


@pytest.mark.parametrize("at", ["routed", "admitted", "sent", "closed"])
def test_a_restart_between_the_legs_changes_nothing(held: Bench, at: str) -> None:
    signal = held.signal(action=Action.REVERSE)
    held.route()
    if at != "routed":
        held.work()
    if at == "sent":
        held.release(close_of(held, signal).client_id)
    if at == "closed":
        sent(held, signal)
        held.report(execution(close_of(held, signal), "all", 100))
    again = Bench(held.store, held.plugins)
    again.clock.advance((held.clock.now() - again.clock.now()).total_seconds() + 1)
    again.desk.dedupe = held.desk.dedupe
    again.take_lease("acc")
    lost = again.write(store_lost, account_id="acc", keep=frozenset(), now=again.clock.now())
    for client_id in lost:
        again.report(execution(again.child(client_id), "found", 100))
    settle(again)
    assert again.held() == -100
    assert [one.state for one in legs(again, signal)] == [ParentState.FILLED] * 2


def test_an_opening_is_as_large_as_the_close_was_filled(held: Bench) -> None:
    """Sixty were sold by hand: the close can sell forty, and what is left is for a person."""
    by_hand = {"client_id": None, "broker_order_id": None, "side": Side.SELL}
    held.report(execution(held.children()[0], "by hand", 60, **by_hand))
    signal = held.ask(action=Action.REVERSE)
    settle(held)
    close, opening = legs(held, signal)
    assert close.quantity == 40
    assert (opening.state, opening.reason) == (ParentState.BLOCKED, "close_incomplete")
    assert sum(one.quantity for one in held.rows(positions)) == 0


def test_an_algorithm_with_the_opposite_position_is_left_alone(held: Bench) -> None:
    held.algorithm("other", allow_shorts=True)
    holding(held, -70, "other")
    held.ask(action=Action.REVERSE)
    held.ask("other", action=Action.TARGET, quantity=Decimal(20))
    settle(held)
    assert (held.held(), held.held("other")) == (-100, 20)


def test_the_other_algorithms_of_a_lane_do_not_wait_for_a_resting_close(held: Bench) -> None:
    held.algorithm("other")
    signal = held.ask(**REVERSE_AT_A_LIMIT)
    mine, theirs = held.signal(action=Action.BUY), held.signal("other", action=Action.BUY)
    held.route()
    held.work()
    assert legs(held, signal)[1].state is ParentState.PENDING
    assert legs(held, mine)[0].detail == "An earlier order of the same algorithm waits."
    assert legs(held, theirs)[0].state is ParentState.WORKING
    held.later(3600)
    held.work()
    assert legs(held, signal)[1].state is ParentState.PENDING


def test_what_waits_behind_a_resting_close_keeps_its_order_and_lets_others_pass(
    held: Bench,
) -> None:
    held.algorithm("other", allow_shorts=True)
    turn = held.ask(**REVERSE_AT_A_LIMIT)
    mine = [held.signal(action=Action.SELL, quantity=Decimal(10))]
    theirs = [held.signal("other", action=Action.SELL)]
    mine.append(held.signal(action=Action.SELL, quantity=Decimal(5)))
    theirs.append(held.signal("other", action=Action.SELL))
    held.route()
    held.work()
    settle(held)
    in_turn = [(turn, 0), (theirs[0], 0), (theirs[1], 0), (turn, 1), (mine[0], 0), (mine[1], 0)]
    assert admitted(held)[1:] == in_turn
    assert (held.held(), held.held("other")) == (-115, -20)
    assert audited(held).counts == {}


def test_an_exit_does_not_wait_for_an_opening_that_waits(held: Bench) -> None:
    signal = held.ask(**REVERSE_AT_A_LIMIT)
    sent(held, signal)
    leave = held.ask(action=Action.EXIT)
    assert legs(held, signal)[1].state is ParentState.CANCELLED
    child = close_of(held, signal)
    assert child.cancel_requested
    held.report(ended(child, 0))
    settle(held)
    assert held.held() == 0
    assert legs(held, leave)[0].filled == 100


def test_a_cancel_ends_both_legs(held: Bench) -> None:
    signal = held.ask(action=Action.REVERSE)
    held.ask(action=Action.CANCEL)
    assert [one.state for one in legs(held, signal)] == [ParentState.CANCELLED] * 2
    assert held.held() == 100


def test_a_switch_at_reducing_lets_the_close_pass_alone(held: Bench) -> None:
    held.switch(SwitchState.REDUCING)
    signal = held.ask(action=Action.REVERSE)
    settle(held)
    assert state_of(held, signal) == [(ParentState.FILLED, "filled"), (ParentState.BLOCKED, "reducing")]
    assert held.held() == 0


def test_a_switch_at_halted_leaves_the_position_and_opens_nothing(held: Bench) -> None:
    held.switch(SwitchState.HALTED)
    signal = held.ask(action=Action.REVERSE)
    settle(held)
    assert state_of(held, signal) == [
        (ParentState.BLOCKED, "halted"),
        (ParentState.BLOCKED, "close_incomplete"),
    ]


def test_an_algorithm_stopped_meanwhile_closes_and_opens_nothing(held: Bench) -> None:
    signal = held.signal(action=Action.REVERSE)
    held.route()
    held.change_algorithm("alg", state=AlgorithmState.STOPPED)
    settle(held)
    assert state_of(held, signal) == [
        (ParentState.FILLED, "filled"),
        (ParentState.BLOCKED, "algorithm_stopped"),
    ]


def test_the_second_leg_is_no_copy_of_the_first(held: Bench) -> None:
    """Both come from one message, whose content counts once."""
    held.ask(action=Action.REVERSE, digest="same")
    settle(held)
    assert held.held() == -100


def test_a_target_counts_what_arrived_of_cancelled_orders(held: Bench) -> None:
    resting = held.ask(**limit(50))
    child = sent(held, resting)
    signal = held.ask(action=Action.TARGET, quantity=Decimal(30))
    assert legs(held, signal)[0].state is ParentState.PENDING
    held.report(execution(child, "during the cancel", 20), ended(child, 20))
    settle(held)
    assert held.held() == 30
    assert legs(held, signal)[0].filled == 90


def test_a_fill_after_the_end_is_booked_and_raises_an_alert(held: Bench) -> None:
    signal = held.ask(action=Action.REVERSE)
    child = sent(held, signal)
    held.report(ended(child, 0))
    settle(held)
    assert state_of(held, signal)[1] == (ParentState.BLOCKED, "close_incomplete")
    before = held.kinds().count("alert.raised")
    held.report(execution(child, "late", 100))
    assert held.kinds().count("alert.raised") == before + 1
    assert held.held() == 0
    assert legs(held, signal)[0].state is ParentState.FILLED
    settle(held)
    assert held.held() == 0


def test_a_late_fill_of_an_order_before_is_not_opened_upon(held: Bench) -> None:
    resting = held.ask(**limit(50))
    late = sent(held, resting)
    signal = held.ask(action=Action.REVERSE)
    held.report(ended(late, 0))
    held.work()
    close = close_of(held, signal)
    held.release(close.client_id)
    held.submitted(close.client_id, Accepted(broker_order_id="close"))
    held.report(execution(late, "late", 50), execution(close, "closed", 100))
    settle(held)
    assert state_of(held, signal)[1] == (ParentState.BLOCKED, "close_incomplete")
    assert held.held() == 50


def test_a_test_message_on_a_live_account_ends_both_legs_as_tested(store: Store) -> None:
    bench = Bench(store)
    bench.account(mode=AccountMode.LIVE)
    bench.algorithm(allow_shorts=True)
    holding(bench, 100)
    signal = bench.ask(action=Action.REVERSE, test=True)
    assert [one.state for one in legs(bench, signal)] == [ParentState.TESTED] * 2


def test_what_is_less_than_a_lot_keeps_nothing_from_being_opened(store: Store) -> None:
    bench = Bench(store)
    bench.account()
    bench.algorithm(allow_shorts=True)
    holding(bench, 100)
    child = bench.children()[0]
    bench.report(execution(child, "half a share", Decimal("0.5")))
    signal = bench.ask(action=Action.SELL, quantity=Decimal(30), sentiment=Sentiment.SHORT)
    settle(bench)
    assert legs(bench, signal)[1].state is ParentState.FILLED
    assert bench.held() == Decimal("-29.5")


def test_an_entry_can_cancel_what_works_on_its_own_side(held: Bench) -> None:
    resting = held.ask(**limit(50))
    sent(held, resting)
    entry = held.ask(action=Action.BUY, quantity=Decimal(10), cancel_first=True)
    child = held.children(legs(held, resting)[0].id)[0]
    assert child.cancel_requested
    assert legs(held, entry)[0].state is ParentState.PENDING
    held.report(ended(child, 0))
    settle(held)
    assert held.held() == 110


def test_an_addition_waits_for_the_entry_that_it_adds_to(bench: Bench) -> None:
    first = bench.ask(action=Action.BUY, quantity=Decimal(10))
    added = bench.ask(action=Action.ADD, quantity=Decimal(5))
    behind = bench.ask(action=Action.BUY, quantity=Decimal(3))
    assert legs(bench, added)[0].detail == "The entry that it adds to has not filled yet."
    assert legs(bench, behind)[0].state is ParentState.PENDING
    fill_some(bench)
    bench.work()
    assert legs(bench, added)[0].state is ParentState.WORKING
    settle(bench)
    assert bench.held() == 18
    assert admitted(bench) == [(first, 0), (added, 0), (behind, 0)]


def test_orders_before_of_unknown_fate_keep_what_is_queued_behind_them(bench: Bench) -> None:
    first, second = bench.signal(), bench.signal()
    bench.route()
    bench.work()
    one, two = (bench.children(legs(bench, signal)[0].id)[0] for signal in (first, second))
    bench.release(one.client_id)
    bench.submitted(one.client_id, Unknown(cause="no answer"))
    withheld = bench.release(two.client_id)
    assert isinstance(withheld, Withheld)
    assert withheld.ended is False
    assert bench.child(two.client_id).state is ChildState.NEW
    bench.report(execution(one, "found", 10))
    assert not isinstance(bench.release(two.client_id), Withheld)


def test_what_waits_too_long_behind_an_unknown_order_is_not_sent(bench: Bench) -> None:
    first, second = bench.signal(), bench.signal()
    bench.route()
    bench.work()
    one, two = (bench.children(legs(bench, signal)[0].id)[0] for signal in (first, second))
    bench.release(one.client_id)
    bench.submitted(one.client_id, Unknown(cause="no answer"))
    bench.later(30)
    withheld = bench.release(two.client_id)
    assert isinstance(withheld, Withheld)
    assert withheld.ended


def test_a_swap_does_not_close_twice_over_a_working_exit(held: Bench) -> None:
    held.change_algorithm("alg", on_opposite=OnOpposite.SWAP)
    leave = held.ask(action=Action.EXIT)
    working = sent(held, leave)
    signal = held.ask(action=Action.SELL, quantity=Decimal(30))
    held.report(execution(working, "part", 60))
    held.work()
    assert [one.state for one in legs(held, signal)] == [ParentState.PENDING] * 2
    held.report(ended(working, 60))
    settle(held)
    assert legs(held, signal)[0].filled == 40
    assert held.held() == -30
