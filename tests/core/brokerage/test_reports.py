"""What a broker tells, in whatever order and however often, comes to the same."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.engine.bench import Bench, execution
from tradewire import Accepted, Unknown
from tradewire.brokerage import merging, reports
from tradewire.brokerage.books import Books
from tradewire.contract.broker import Execution, OrderState, OrderUpdate
from tradewire.domain.order import (
    ChildOrder,
    ChildState,
    OrderType,
    ParentOrder,
    ParentState,
    Purpose,
    Side,
    TimeInForce,
)
from tradewire.domain.quantity import ZERO
from tradewire.store.schema import positions
from tradewire.testing.clock import DEFAULT_START


def update(child: ChildOrder, state: ChildState, filled: int = 0, **fields: Any) -> OrderUpdate:
    order = OrderState(
        client_id=child.client_id,
        broker_order_id=f"b-{child.client_id}",
        instrument_id=child.instrument_id,
        side=child.side,
        quantity=child.quantity,
        filled=Decimal(filled),
        state=state,
        **fields,
    )
    return OrderUpdate(order=order, at=child.created_at)


def working(bench: Bench, quantity: int = 10) -> tuple[str, ChildOrder]:
    """A signal's order, sent and not answered yet."""
    signal = bench.ask(quantity=Decimal(quantity))
    (child,) = bench.children(bench.parent(signal).id)
    bench.release(child.client_id)
    return signal, child


def replayed(child: ChildOrder, events: list[Execution | OrderUpdate]) -> ChildOrder:
    """The child after the events, by the pure functions that storing uses."""
    known: set[str] = set()
    for event in events:
        if isinstance(event, OrderUpdate):
            child = merging.with_report(child, event.order, event.at)
        elif event.execution_id not in known:
            known.add(event.execution_id)
            child = merging.with_execution(child, event.quantity, event.at)
    return child


CHILD = ChildOrder(
    client_id="c",
    parent_id="p",
    account_id="acc",
    instrument_id="AAPL",
    side=Side.BUY,
    quantity=Decimal(10),
    order_type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    state=ChildState.SENT,
    created_at=DEFAULT_START,
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Execution | OrderUpdate], list[Execution | OrderUpdate]]:
    """What a broker tells of one order in truth, and the same shuffled with repetitions."""
    parts = draw(st.lists(st.integers(1, 4), max_size=4))
    told: list[Execution | OrderUpdate] = [update(CHILD, ChildState.ACKNOWLEDGED)]
    filled = 0
    for number, part in enumerate(parts):
        part = min(part, 10 - filled)
        if part == 0:
            break
        filled += part
        state = ChildState.FILLED if filled == 10 else ChildState.PARTLY_FILLED
        told += [execution(CHILD, f"e{number}", part), update(CHILD, state, filled)]
    if filled < 10:
        told.append(update(CHILD, draw(st.sampled_from([ChildState.CANCELLED, ChildState.EXPIRED])), filled))
    again = draw(st.lists(st.sampled_from(told), max_size=5))
    return told, draw(st.permutations(told + again))


def _timeless(child: ChildOrder) -> ChildOrder:
    """Without the moments at which something was learned."""
    return msgspec.structs.replace(child, acknowledged_at=None, ended_at=None)


@given(histories())
def test_any_order_and_any_repetition_lead_to_the_same_child(
    history: tuple[list[Execution | OrderUpdate], list[Execution | OrderUpdate]],
) -> None:
    told, shuffled = history
    expected, found = replayed(CHILD, told), replayed(CHILD, shuffled)
    assert not found.state.is_open
    assert _timeless(found) == _timeless(expected)


@given(history=histories(), cut=st.integers(1, 20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_any_repetition_and_any_batches_lead_to_the_same_stored_state(
    bench: Bench, history: tuple[list[Execution | OrderUpdate], list[Execution | OrderUpdate]], cut: int
) -> None:
    told, shuffled = history
    before = bench.held()
    signal, child = working(bench)

    def named(event: Execution | OrderUpdate) -> Execution | OrderUpdate:
        if isinstance(event, Execution):
            return execution(child, f"{child.client_id}-{event.execution_id}", event.quantity)
        return update(child, event.order.state, int(event.order.filled))

    for start in range(0, len(shuffled), cut):
        bench.report(*(named(event) for event in shuffled[start : start + cut]))
    bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
    bench.work()
    expected = replayed(CHILD, told)
    stored, parent = bench.child(child.client_id), bench.parent(signal)
    assert (stored.state, stored.filled) == (expected.state, expected.filled)
    assert bench.held() - before == expected.filled == parent.filled
    assert not parent.state.is_live
    assert (parent.state is ParentState.FILLED) == (expected.filled == 10)


def test_a_fill_before_the_acknowledgement_stands(bench: Bench) -> None:
    _, child = working(bench)
    bench.report(execution(child, "e", 4))
    bench.submitted(child.client_id, Accepted(broker_order_id="b"))
    stored = bench.child(child.client_id)
    assert (stored.state, stored.broker_order_id) == (ChildState.PARTLY_FILLED, "b")


def test_a_fill_while_the_order_is_unknown_tells_that_it_arrived(bench: Bench) -> None:
    _, child = working(bench)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    assert bench.report(execution(child, "e", 4)).due
    assert bench.child(child.client_id).state is ChildState.PARTLY_FILLED


def test_an_order_reported_as_filled_stays_open_until_its_executions_are_here(bench: Bench) -> None:
    signal, child = working(bench)
    stored = bench.report(update(child, ChildState.FILLED, 0))
    assert stored.awaiting == (child.client_id,)
    assert bench.child(child.client_id).state is ChildState.ACKNOWLEDGED
    bench.report(execution(child, "e", 10))
    bench.work()
    assert bench.parent(signal).state is ParentState.FILLED


def test_an_order_cancelled_with_fills_ends_only_with_its_last_execution(bench: Bench) -> None:
    signal, child = working(bench)
    bench.report(update(child, ChildState.CANCELLED, 7), execution(child, "a", 3))
    bench.work()
    assert bench.parent(signal).state is ParentState.WORKING
    bench.report(execution(child, "b", 4))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED
    assert bench.parent(signal).filled == 7


@pytest.mark.parametrize(("late", "state"), [(4, ParentState.PARTLY_FILLED), (10, ParentState.FILLED)])
def test_a_fill_that_comes_after_the_end_corrects_it(bench: Bench, late: int, state: ParentState) -> None:
    signal, child = working(bench)
    bench.report(update(child, ChildState.CANCELLED, 0))
    bench.work()
    assert bench.parent(signal).state is ParentState.CANCELLED
    bench.report(execution(child, "late", late))
    bench.work()
    assert (bench.parent(signal).state, bench.parent(signal).filled) == (state, late)
    assert bench.parent(signal).ended_at is not None
    assert bench.held() == late


@pytest.mark.parametrize("piece", [1, 2, 2_000])
def test_reports_that_are_stored_in_pieces_come_to_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(reports, "PIECE", piece)
    _, child = working(bench)
    first, second = execution(child, "1", 4), execution(child, "2", 6)
    nameless = msgspec.structs.replace(second, client_id=None)
    stored = bench.report(update(child, ChildState.FILLED, 10), first, nameless, first)
    assert (stored.due, stored.fills, stored.awaiting) == (True, 2, ())
    assert bench.child(child.client_id).state is ChildState.FILLED
    assert bench.held() == 10


def test_the_same_execution_is_stored_once(bench: Bench) -> None:
    _, child = working(bench)
    first = bench.report(execution(child, "e", 4), execution(child, "e", 4))
    again = bench.report(execution(child, "e", 4))
    assert (first.fills, again.fills, again.due) == (1, 0, False)
    assert bench.held() == 4


def test_the_same_execution_id_at_another_account_is_another_execution(bench: Bench) -> None:
    bench.account("other")
    _, child = working(bench)
    bench.report(execution(child, "e", 4))
    bench.report(execution(child, "e", 3, client_id="theirs", broker_order_id="x"), account_id="other")
    assert len(bench.fills()) == 2


def test_an_execution_of_an_order_that_is_not_ours_belongs_to_nobody(bench: Bench) -> None:
    _, child = working(bench)
    bench.report(execution(child, "f", 5, client_id=None, broker_order_id="by hand"))
    assert bench.held() == 0
    assert bench.held("") == 5
    (fill,) = bench.fills()
    assert (fill.parent_id, fill.algorithm_id) == (None, None)


def test_an_execution_named_by_the_brokers_id_alone_finds_its_order_in_the_same_batch(bench: Bench) -> None:
    _, child = working(bench)
    bench.report(update(child, ChildState.ACKNOWLEDGED), execution(child, "e", 4, client_id=None))
    assert bench.held() == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": Decimal("NaN")},
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-3)},
        {"price": Decimal("Infinity")},
        {"fee": Decimal("NaN")},
        {"multiplier": Decimal(0)},
    ],
)
def test_an_execution_that_cannot_be_is_not_booked_and_holds_up_nothing(
    bench: Bench, fields: dict[str, Decimal]
) -> None:
    _, child = working(bench)
    bad = msgspec.structs.replace(execution(child, "bad", 3), **fields)
    bench.report(bad, execution(child, "good", 4))
    assert bench.held() == 4
    assert "alert.raised" in bench.kinds()


fills = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.decimals("0.001", "500", places=3),
        st.decimals("0.01", "900", places=2),
        st.decimals("-1", "5", places=2),
        st.sampled_from(["alg", "two", ""]),
    ),
    max_size=8,
)


@given(fills=fills, mark=st.decimals("0.01", "900", places=2), multiplier=st.sampled_from([1, 50]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_profit_is_the_change_of_cash_plus_what_is_held_per_algorithm_and_summed(
    bench: Bench, fills: list[Any], mark: Decimal, multiplier: int
) -> None:
    """Through flips, partial fills, shorts, fees and multipliers, to the last digit."""
    account = f"acc-{len(bench.rows(positions))}-{id(fills)}"
    bench.account(account)
    cash: dict[str, Decimal] = {}
    for number, (side, quantity, price, fee, owner) in enumerate(fills):
        sign = 1 if side == "buy" else -1
        cash[owner] = cash.get(owner, ZERO) - sign * quantity * price * multiplier
        _book(bench, account, owner, f"{account}-{number}", side, quantity, price, fee, multiplier)
    profit = worth = ZERO
    for row in (one for one in bench.rows(positions) if one.account_id == account):
        unrealised = row.quantity * mark * multiplier - row.cost
        assert row.cash == cash[row.algorithm_id]
        assert row.realised + unrealised == row.cash + row.quantity * mark * multiplier
        profit += row.realised + unrealised
        worth += row.quantity * mark * multiplier
    assert profit == sum(cash.values(), ZERO) + worth


def _book(
    bench: Bench,
    account: str,
    owner: str,
    name: str,
    side: str,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    multiplier: int,
) -> None:
    fill = Execution(
        execution_id=name,
        client_id=None,
        broker_order_id=None,
        instrument_id="ES",
        side=Side(side),
        quantity=quantity,
        price=price,
        currency="USD",
        multiplier=Decimal(multiplier),
        fee=fee,
        at=bench.clock.now(),
    )
    parent = ParentOrder(
        id=name,
        signal_id=name,
        algorithm_id=owner,
        account_id=account,
        purpose=Purpose.ENTRY,
        symbol="ES",
        blueprint="market",
        created_at=bench.clock.now(),
    )
    known = parent if owner else None

    def book(conn: Connection) -> None:
        books = Books(conn, account, [fill])
        books.fill(known, fill)
        books.store(bench.clock.now())

    bench.write(book)


@pytest.mark.parametrize("lie", [{"side": Side.SELL}, {"instrument_id": "MSFT"}])
def test_an_execution_of_another_side_or_instrument_than_its_order_is_told_of_and_not_booked(
    bench: Bench, lie: dict[str, Any]
) -> None:
    signal, child = working(bench)
    for _ in range(2):
        bench.report(msgspec.structs.replace(execution(child, "odd", 4), **lie))
    assert bench.parent(signal).filled == 0
    assert bench.rows(positions) == []
    assert bench.kinds().count("alert.raised") == 1


def test_more_than_was_ordered_is_booked_and_told_of(bench: Bench) -> None:
    signal, child = working(bench)
    bench.report(execution(child, "first", 8))
    assert "alert.raised" not in bench.kinds()
    bench.report(execution(child, "second", 9))
    assert (bench.parent(signal).filled, bench.held()) == (17, 17)
    assert bench.kinds().count("alert.raised") == 1
