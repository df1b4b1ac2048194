"""Every fault of the in-process session; after each there is one order per client id, and it is found."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from plugins.brokers.paper.account import START, PaperEnv, Recorder, open_paper, order, pass_time, turns
from tradewire import (
    Absent,
    Accepted,
    ChildState,
    Execution,
    Found,
    HealthChange,
    HealthState,
    OrderRef,
    OrderUpdate,
    Rejected,
    RejectKind,
    StreamGap,
    Unknown,
)
from tradewire_paper.faults import Fault, FaultKind, FaultScript

REF = OrderRef(client_id="c1", broker_order_id=None, instrument_id="AAPL")


async def book_of(session: Any) -> tuple[Any, ...]:
    """The order c1, after a check that the book has it once and that its fills add up."""
    book = session.desk.book
    found = await session.find("c1", START)
    assert isinstance(found, Found)
    assert Counter(placed.client_id for placed in book.orders.values()) == {"c1": 1}
    fills = [trade.execution for trade in book.trades]
    assert found.order.filled == sum(fill.quantity for fill in fills)
    return found.order, fills


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ACCEPT_THEN_500,
        FaultKind.ACCEPT_THEN_RESET,
        FaultKind.ACCEPT_THEN_HTML,
        FaultKind.ACCEPT_THEN_HANG,
    ],
)
def test_an_order_whose_answer_is_lost_is_unknown_and_found(env: PaperEnv, kind: FaultKind) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": kind}])
        sending = asyncio.create_task(session.submit(order()))
        await pass_time(env)
        await pass_time(env, 5)
        assert isinstance(await sending, Unknown)
        again = await session.submit(order())
        assert isinstance(again, Rejected)
        assert again.kind is RejectKind.DUPLICATE
        placed, _ = await book_of(session)
        assert placed.state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.DROP_THEN_HANG])
def test_a_dropped_order_is_unknown_provably_absent_and_taken_when_sent_again(
    env: PaperEnv, kind: FaultKind
) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": kind}])
        sending = asyncio.create_task(session.submit(order()))
        await pass_time(env, 5)
        assert isinstance(await sending, Unknown)
        assert isinstance(await session.find("c1", START), Absent)
        assert isinstance(await session.submit(order()), Accepted)
        await pass_time(env)
        placed, _ = await book_of(session)
        assert placed.state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


def test_a_scripted_refusal_has_the_kind_and_the_words_of_the_script(env: PaperEnv) -> None:
    async def scenario() -> None:
        fault = {"kind": "reject", "reject": "permission", "message": "No shorts in Liechtenstein."}
        session = await open_paper(env, faults=[fault])
        answer = await session.submit(order())
        assert answer == Rejected(kind=RejectKind.PERMISSION, message="No shorts in Liechtenstein.")
        assert isinstance(await session.find("c1", START), Absent)
        await session.close()

    asyncio.run(scenario())


def test_too_many_requests_is_a_refusal(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "429"}])
        answer = await session.submit(order())
        assert isinstance(answer, Rejected)
        assert answer.kind is RejectKind.RATE_LIMITED
        assert isinstance(await session.submit(order()), Accepted)
        await book_of(session)
        await session.close()

    asyncio.run(scenario())


def test_a_fill_can_be_told_before_the_order_is_acknowledged(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "fill_before_ack"}])
        stream = session.events()
        sending = asyncio.create_task(session.submit(order()))
        told = [await anext(stream) for _ in range(4)]
        assert isinstance(told[2], Execution)
        assert isinstance(await sending, Accepted)
        placed, fills = await book_of(session)
        assert (placed.state, len(fills)) == (ChildState.FILLED, 1)
        await session.close()

    asyncio.run(scenario())


def test_events_can_come_twice(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "dup_event"}])
        told = Recorder(session)
        await session.submit(order())
        await pass_time(env)
        assert Counter(fill.execution_id for fill in told.of(Execution)) == {"P000001-1": 2}
        assert len(told.of(OrderUpdate)) == 4
        assert len((await book_of(session))[1]) == 1
        await session.close()

    asyncio.run(scenario())


def test_events_can_come_backwards(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, partial_fills=2, faults=[{"kind": "out_of_order"}])
        told = Recorder(session)
        await session.submit(order())
        await pass_time(env)
        assert told.of(OrderUpdate) == []
        await pass_time(env)
        assert [update.order.filled for update in told.of(OrderUpdate)] == [10, 5, 0]
        assert [fill.execution_id for fill in told.of(Execution)] == ["P000001-2", "P000001-1"]
        await book_of(session)
        await session.close()

    asyncio.run(scenario())


def test_the_venue_can_cancel_after_a_partial_fill(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "partial_then_cancel"}])
        await session.submit(order(quantity="10"))
        await pass_time(env)
        placed, fills = await book_of(session)
        assert (placed.state, placed.filled, len(fills)) == (ChildState.CANCELLED, 5, 1)
        await session.close()

    asyncio.run(scenario())


def test_a_fill_can_come_after_the_cancel(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "late_fill_after_cancel"}])
        told = Recorder(session)
        await session.submit(order(quantity="10"))
        await pass_time(env)
        assert told.of(Execution) == []
        await session.cancel(REF)
        await turns()
        assert [type(event) for event in told.events[-3:]] == [OrderUpdate, Execution, OrderUpdate]
        placed, _ = await book_of(session)
        assert (placed.state, placed.filled) == (ChildState.CANCELLED, 5)
        await session.close()

    asyncio.run(scenario())


def test_a_cut_stream_loses_events_and_says_that_there_was_a_gap(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, faults=[{"kind": "stream_drop"}])
        told = Recorder(session)
        await turns()
        await session.submit(order())
        await pass_time(env)
        await pass_time(env, 0.1)
        assert told.of(Execution) == []
        assert [change.state for change in told.of(HealthChange)] == [
            HealthState.READY,
            HealthState.DEGRADED,
            HealthState.READY,
        ]
        (gap,) = told.of(StreamGap)
        _, fills = await book_of(session)
        assert gap.since <= fills[0].at <= gap.until
        await session.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", FaultKind)
def test_whatever_the_fault_sending_again_never_makes_a_second_order(env: PaperEnv, kind: FaultKind) -> None:
    async def scenario() -> None:
        session: Any = await open_paper(env, faults=[{"kind": kind}])
        for _ in range(3):
            sending = asyncio.create_task(session.submit(order()))
            await pass_time(env)
            await pass_time(env, 5)
            await sending
        await session.cancel(REF)
        placed, fills = await book_of(session)
        assert placed.filled <= 10
        assert len({fill.execution_id for fill in fills}) == len(fills)
        assert placed.client_id == "c1"
        await session.close()
        again: Any = await open_paper(env)
        assert (await book_of(again))[0] == placed
        await again.close()

    asyncio.run(scenario())


def test_a_script_counts_the_orders_that_it_concerns() -> None:
    script = FaultScript(
        (
            Fault(kind=FaultKind.REJECT, nth=2, times=2, symbol="AAPL"),
            Fault(kind=FaultKind.DROP, nth=None, client_prefix="x"),
        )
    )
    met = [script.next(order(name)) for name in ("a", "b", "c", "d", "x1")]
    assert [fault.kind if fault else None for fault in met] == [None, "reject", "reject", None, "drop"]
    assert script.next(order("e", symbol="MSFT")) is None
    script.load((Fault(kind=FaultKind.DUP_EVENT),))
    later = script.next(order("f"))
    assert later is not None
    assert later.kind is FaultKind.DUP_EVENT
    script.clear()
    assert script.next(order("x2")) is None
