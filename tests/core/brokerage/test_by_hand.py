"""A person's word on an UNKNOWN order is applied once, on the order as it is by then, or is void in words."""

from decimal import Decimal

import pytest

from core.engine.bench import Bench
from tradewire.brokerage import by_hand, decisions
from tradewire.brokerage.decisions import OrderDecision
from tradewire.brokerage.outcomes import After, store_absent
from tradewire.contract.broker import Execution, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.order import ChildOrder, ChildState, ParentState
from tradewire.store.schema import refused_executions


@pytest.fixture
def child(bench: Bench) -> ChildOrder:
    """An order of 10 of which nobody knows what became of it."""
    signal = bench.ask(symbol="AAPL")
    (made,) = bench.children(bench.parent(signal).id)
    bench.release(made.client_id)
    bench.submitted(made.client_id, Unknown(cause="no answer"))
    return made


def decide(bench: Bench, child: ChildOrder, filled: tuple[int, int] | None) -> by_hand.Applied:
    quantity_and_price = None if filled is None else (Decimal(filled[0]), Decimal(filled[1]))
    decision = OrderDecision(client_id=child.client_id, filled=quantity_and_price)
    bench.write(decisions.put, account_id="acc", decision=decision, now=bench.clock.now())
    applied: by_hand.Applied = bench.write(by_hand.apply, decision=decision, now=bench.clock.now())
    assert bench.store.read_now(lambda conn: decisions.waiting(conn, "acc")) == ()
    return applied


def execution(bench: Bench, child: ChildOrder, name: str, quantity: int) -> Execution:
    return Execution(
        execution_id=name,
        client_id=child.client_id,
        broker_order_id="b",
        instrument_id="AAPL",
        side=child.side,
        quantity=Decimal(quantity),
        price=Decimal(100),
        currency="USD",
        at=bench.clock.now(),
    )


def test_a_word_on_a_part_ends_the_order(bench: Bench, child: ChildOrder) -> None:
    assert decide(bench, child, (4, 101)).stored.fills == 1
    bench.work()
    (parent,) = bench.parents()
    assert (parent.state, parent.filled) == (ParentState.PARTLY_FILLED, 4)
    assert bench.held() == 4


def test_what_the_broker_tells_later_is_not_booked_again(bench: Bench, child: ChildOrder) -> None:
    decide(bench, child, (10, 100))
    for _ in range(2):
        bench.report(execution(bench, child, "late", 10))
    assert bench.held() == 10
    assert [row.execution_id for row in bench.rows(refused_executions)] == ["late"]
    assert bench.kinds().count("alert.raised") == 1


@pytest.mark.parametrize("filled", [None, (3, 100), (10, 100)])
@pytest.mark.parametrize("told", [4, 10])
def test_where_the_broker_was_quicker_a_decision_is_void_and_an_alert_says_so(
    bench: Bench, child: ChildOrder, told: int, filled: tuple[int, int] | None
) -> None:
    bench.report(execution(bench, child, "first", told))
    assert decide(bench, child, filled) == by_hand.Applied()
    assert bench.held() == told
    assert bench.kinds().count("alert.raised") == 1


def test_a_look_up_that_began_before_proves_nothing_of_the_copy_that_went_out(
    bench: Bench, child: ChildOrder
) -> None:
    began = bench.child(child.client_id).look_ups
    assert decide(bench, child, None).after == After(send=True)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer again"))
    after = bench.write(
        store_absent,
        client_id=child.client_id,
        proof="it was not there then",
        dedupe=DedupeClass.A,
        now=bench.clock.now(),
        seen=began,
    )
    assert after == After(look_up=True)
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_one_word_sends_an_order_once_more_and_not_twice(bench: Bench, child: ChildOrder) -> None:
    """Two that look for decisions may have read the same one, and the order may be unknown again by then."""
    decide(bench, child, None)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer again"))
    read_before = OrderDecision(client_id=child.client_id, filled=None)
    again = bench.write(by_hand.apply, decision=read_before, now=bench.clock.now())
    assert again == by_hand.Applied()
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_of_two_words_the_second_counts_also_where_the_first_was_read_already(
    bench: Bench, child: ChildOrder
) -> None:
    first = OrderDecision(client_id=child.client_id, filled=None)
    second = OrderDecision(client_id=child.client_id, filled=(Decimal(10), Decimal(100)))
    for decision in (first, second):
        bench.write(decisions.put, account_id="acc", decision=decision, now=bench.clock.now())
    assert bench.write(by_hand.apply, decision=first, now=bench.clock.now()) == by_hand.Applied()
    assert bench.store.read_now(lambda conn: decisions.waiting(conn, "acc")) == (second,)
    bench.write(by_hand.apply, decision=second, now=bench.clock.now())
    assert bench.held() == 10
