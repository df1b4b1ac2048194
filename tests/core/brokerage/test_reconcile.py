"""Comparing with the broker: the baseline, drift, and what is no drift."""

from decimal import Decimal

from core.engine.bench import Bench, execution
from tradewire import BrokerPosition, OrderState
from tradewire.brokerage import queries, reconcile
from tradewire.brokerage.outcomes import store_lost
from tradewire.brokerage.reconcile import Drift
from tradewire.contract.broker import Accepted
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState, OrderType, ParentState, Side
from tradewire.domain.switch import SwitchState
from tradewire.store.schema import positions, switches


def held(quantity: int, instrument: str = "AAPL", currency: str = "USD") -> BrokerPosition:
    return BrokerPosition(instrument_id=instrument, quantity=Decimal(quantity), currency=currency)


def compare(bench: Bench, *there: BrokerPosition, seen: bool = True) -> tuple[Drift, ...]:
    """As a session does: what was `seen` before and is still there counts."""
    found = bench.store.read_now(lambda conn: reconcile.drifts(conn, "acc", there))
    standing = found if seen else ()
    return bench.write(
        reconcile.store_compared, account_id="acc", held=there, standing=standing, now=bench.clock.now()
    )


def account_switch(bench: Bench) -> str:
    return next(row.state for row in bench.rows(switches) if row.scope == "account")


def ordered(bench: Bench, quantity: int = 10) -> tuple[str, ChildOrder]:
    signal = bench.ask(quantity=Decimal(quantity))
    (child,) = bench.children(bench.parent(signal).id)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
    return signal, child


def test_what_is_held_at_the_first_comparison_is_the_baseline(bench: Bench) -> None:
    assert compare(bench, held(30)) == ()
    assert bench.held("") == 30
    assert account_switch(bench) == "active"


def test_the_baseline_waits_for_the_first_comparison_that_came_about(bench: Bench) -> None:
    """However often the account was opened before and not reached."""
    for _ in range(3):
        bench.take_lease("acc")
    assert compare(bench, held(30)) == ()
    assert account_switch(bench) == "active"


def test_a_change_behind_our_back_halts_the_account_and_is_reported(bench: Bench) -> None:
    compare(bench, held(30))
    (drift,) = compare(bench, held(20))
    assert (drift.expected, drift.found) == (30, 20)
    assert account_switch(bench) == "halted"
    assert {"account.drift", "alert.raised"} <= set(bench.kinds())
    assert bench.parent(bench.ask()).state is ParentState.BLOCKED


def test_drift_is_reported_once(bench: Bench) -> None:
    compare(bench, held(30))
    compare(bench, held(20))
    assert compare(bench, held(20)) == ()


def test_a_restart_does_not_turn_drift_into_a_baseline(bench: Bench) -> None:
    compare(bench)
    bench.take_lease("acc")
    assert len(compare(bench, held(5))) == 1


def test_a_difference_that_was_not_there_before_is_a_fill_on_its_way(bench: Bench) -> None:
    compare(bench)
    _, child = ordered(bench)
    assert compare(bench, held(10), seen=False) == ()
    assert account_switch(bench) == "active"
    bench.report(execution(child, "e", 10))
    assert compare(bench, held(10)) == ()


def test_our_own_fills_are_no_drift(bench: Bench) -> None:
    compare(bench, held(30))
    _, child = ordered(bench)
    bench.report(execution(child, "e", 10))
    assert compare(bench, held(40)) == ()


def test_an_execution_of_somebody_else_that_was_booked_is_no_drift(bench: Bench) -> None:
    compare(bench, held(30))
    _, child = ordered(bench)
    bench.report(execution(child, "by hand", 5, client_id=None, broker_order_id="x", side=Side.SELL))
    assert bench.held("") == 25
    assert compare(bench, held(25)) == ()
    assert account_switch(bench) == "active"


def test_what_vanished_from_the_brokers_list_keeps_its_currency(bench: Bench) -> None:
    compare(bench)
    _, child = ordered(bench)
    bench.report(execution(child, "e", 10))
    compare(bench)
    row = next(row for row in bench.rows(positions) if row.algorithm_id == "")
    assert (row.quantity, row.currency) == (-10, "USD")


def test_an_exit_after_drift_takes_no_more_than_the_account_holds(bench: Bench) -> None:
    compare(bench)
    _, child = ordered(bench)
    bench.report(execution(child, "e", 10))
    bench.work()
    compare(bench, held(4))
    bench.switch(SwitchState.ACTIVE)
    signal = bench.ask(action=Action.EXIT)
    (exiting,) = bench.children(bench.parent(signal).id)
    assert exiting.quantity == 4


def test_orders_at_the_broker_that_are_not_ours_are_foreign(bench: Bench) -> None:
    _, child = ordered(bench)

    def shown(client_id: str | None, quantity: int, filled: int) -> OrderState:
        return OrderState(
            client_id=client_id,
            broker_order_id="x",
            instrument_id="AAPL",
            side=Side.BUY,
            quantity=Decimal(quantity),
            filled=Decimal(filled),
            state=ChildState.ACKNOWLEDGED,
        )

    orders = [shown(child.client_id, 10, 0), shown("theirs", 9, 2), shown(None, 5, 0)]
    found = bench.store.read_now(lambda conn: reconcile.foreign_orders(conn, "acc", orders))
    assert [one.quantity for one in found] == [7, 5]


def test_an_acknowledged_order_that_the_broker_no_longer_shows_is_looked_up(bench: Bench) -> None:
    _, child = ordered(bench)
    assert bench.store.read_now(lambda conn: queries.gone(conn, "acc", ())) == (child.client_id,)
    shown = OrderState(
        client_id=None,
        broker_order_id=f"b-{child.client_id}",
        instrument_id="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        filled=Decimal(0),
        state=ChildState.ACKNOWLEDGED,
    )
    assert bench.store.read_now(lambda conn: queries.gone(conn, "acc", (shown,))) == ()


def test_a_cancel_that_may_have_been_lost_is_asked_for_again(bench: Bench) -> None:
    signal = bench.ask(order_type=OrderType.LIMIT, limit_price=Decimal(90))
    (child,) = bench.children(bench.parent(signal).id)
    bench.release(child.client_id)
    assert bench.store.read_now(lambda conn: queries.being_cancelled(conn, "acc")) == []
    bench.ask(action=Action.CANCEL)
    found = bench.store.read_now(lambda conn: queries.being_cancelled(conn, "acc"))
    assert [one.client_id for one in found] == [child.client_id]


def test_after_a_restart_what_was_sent_is_unknown_and_what_is_under_way_is_left(bench: Bench) -> None:
    first, second = (ordered_unanswered(bench, symbol) for symbol in ("AAPL", "MSFT"))
    lost = bench.write(
        store_lost, account_id="acc", keep=frozenset({second.client_id}), now=bench.clock.now()
    )
    assert lost == (first.client_id,)
    states = [bench.child(one.client_id).state for one in (first, second)]
    assert states == [ChildState.UNKNOWN, ChildState.SENT]


def ordered_unanswered(bench: Bench, symbol: str) -> ChildOrder:
    signal = bench.ask(symbol=symbol)
    (child,) = bench.children(bench.parent(signal).id)
    bench.release(child.client_id)
    return child


def test_an_order_of_ours_is_not_foreign_where_the_broker_does_not_repeat_our_id(bench: Bench) -> None:
    _, child = ordered(bench)
    shown = OrderState(
        client_id=None,
        broker_order_id=f"b-{child.client_id}",
        instrument_id="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        filled=Decimal(0),
        state=ChildState.ACKNOWLEDGED,
    )
    assert bench.store.read_now(lambda conn: reconcile.foreign_orders(conn, "acc", [shown])) == ()
