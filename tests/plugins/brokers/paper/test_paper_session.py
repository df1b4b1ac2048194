"""The session: what it stores, tells and keeps."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.brokers.paper.account import (
    START,
    PaperEnv,
    Recorder,
    open_paper,
    order,
    pass_time,
    turns,
)
from tradewire import (
    Absent,
    Accepted,
    CancelOutcome,
    ChildState,
    Execution,
    Found,
    HealthChange,
    HealthState,
    OrderRef,
    OrderUpdate,
    Rejected,
    RejectKind,
    Unhonoured,
)


def ref(client_id: str) -> OrderRef:
    return OrderRef(client_id=client_id, broker_order_id=None, instrument_id="AAPL")


async def state_of(session: Any, client_id: str) -> Any:
    found = await session.find(client_id, START)
    assert isinstance(found, Found)
    return found.order


def test_an_order_is_taken_before_its_answer_is_there(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, answer_ms=20, latency_ms=25)
        answer = asyncio.ensure_future(session.submit(order()))
        await pass_time(env, 0.019)
        assert not answer.done()
        assert (await state_of(session, "c1")).state is ChildState.ACKNOWLEDGED
        await pass_time(env, 0.001)
        assert isinstance(await answer, Accepted)

    asyncio.run(scenario())


def test_a_market_order_fills_after_the_latency_and_tells_it_in_order(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        told = Recorder(session)
        assert isinstance(await session.submit(order(quantity="100")), Accepted)
        await turns()
        assert told.of(Execution) == []
        await pass_time(env)
        (fill,) = told.of(Execution)
        assert (fill.client_id, fill.quantity, fill.price) == ("c1", 100, Decimal("220.03"))
        assert [update.order.state for update in told.of(OrderUpdate)] == [
            ChildState.ACKNOWLEDGED,
            ChildState.FILLED,
        ]
        assert told.events.index(fill) < told.events.index(told.of(OrderUpdate)[1])
        assert await session.executions(START) == (fill,)
        assert await session.executions(START + timedelta(seconds=1)) == ()
        await session.close()

    asyncio.run(scenario())


def test_balances_and_positions_follow_the_fills(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, fee_per_unit="0.01")
        await session.submit(order(quantity="100"))
        await pass_time(env)
        (position,) = await session.positions()
        assert (position.quantity, position.average_price) == (100, Decimal("220.03"))
        balances = await session.balances()
        assert balances is not None
        assert balances.cash == Decimal(100000) - Decimal(22003) - 1
        assert balances.equity == Decimal(100000) - 3 - 1
        assert balances.buying_power == balances.cash
        await session.close()

    asyncio.run(scenario())


def test_an_acknowledged_order_is_stored_in_one_transaction_before_the_answer(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order())
        assert set(env.state.transactions[-1]) == {"order/c1"}
        await pass_time(env)
        assert set(env.state.transactions[-1]) == {
            "order/c1",
            "execution/P000001-1",
            "position/AAPL",
            "cash",
        }
        await session.close()

    asyncio.run(scenario())


def test_a_restart_keeps_the_book_and_fills_what_was_open(env: PaperEnv) -> None:
    async def scenario() -> None:
        first = await open_paper(env)
        await first.submit(order("done", quantity="50"))
        await pass_time(env)
        await first.submit(order("market", quantity="20"))
        await first.submit(order("resting", quantity="30", limit="200"))
        before = await first.balances()
        await first.close()

        env.clock.advance(3600)
        second = await open_paper(env, starting_cash="5")
        assert await second.balances() == before
        assert isinstance(await second.submit(order("done")), Rejected)
        await pass_time(env)
        assert (await state_of(second, "market")).state is ChildState.FILLED
        assert [one.client_id for one in await second.open_orders()] == ["resting"]
        assert [one.quantity for one in await second.positions()] == [70]
        assert len(await second.executions(START)) == 2
        await second.close()

    asyncio.run(scenario())


def test_the_bars_go_on_after_a_restart_where_they_were(env: PaperEnv, tmp_path: Any) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(
        "ts,open,high,low,close\n2025-01-02T14:30:00Z,100,100,100,100\n2025-01-02T14:31:00Z,90,90,90,90\n"
    )

    async def scenario() -> None:
        await (await open_paper(env, bars=str(file))).close()
        env.clock.advance(61)
        session = await open_paper(env, bars=str(file))
        quote = await session.quote(order().instrument)
        assert quote is not None
        assert quote.last == 90
        await session.close()

    asyncio.run(scenario())


def test_a_second_order_of_one_client_id_is_a_duplicate_and_changes_nothing(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order(quantity="10"))
        answers = await asyncio.gather(*(session.submit(order(quantity="99")) for _ in range(20)))
        assert {answer.kind for answer in answers if isinstance(answer, Rejected)} == {RejectKind.DUPLICATE}
        assert len(answers) == 20
        await pass_time(env)
        assert [fill.quantity for fill in await session.executions(START)] == [10]
        await session.close()

    asyncio.run(scenario())


def test_copies_sent_at_once_make_one_order(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        answers = await asyncio.gather(*(session.submit(order()) for _ in range(50)))
        assert sum(isinstance(answer, Accepted) for answer in answers) == 1
        await session.close()

    asyncio.run(scenario())


def test_cancelling_ends_an_open_order_once(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        told = Recorder(session)
        await session.submit(order(limit="100"))
        assert await session.cancel(ref("c1")) is CancelOutcome.REQUESTED
        assert await session.cancel(ref("c1")) is CancelOutcome.TOO_LATE
        assert await session.cancel(ref("nobody")) is CancelOutcome.NOT_FOUND
        await turns()
        assert told.of(OrderUpdate)[-1].order.state is ChildState.CANCELLED
        assert await session.open_orders() == []
        await session.close()

    asyncio.run(scenario())


def test_a_session_is_ready_and_says_so_first_and_down_once_closed(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        told = Recorder(session)
        await turns()
        assert told.events == [HealthChange(state=HealthState.READY, at=START)]
        await session.close()
        await told.task
        assert session.health() is HealthState.DOWN

    asyncio.run(scenario())


def test_storage_that_fails_leaves_the_book_as_it_was(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        env.state.full = True
        with pytest.raises(OSError, match="full"):
            await session.submit(order())
        env.state.full = False
        assert isinstance(await session.find("c1", START), Absent)
        assert isinstance(await session.submit(order()), Accepted)
        await session.close()

    asyncio.run(scenario())


def test_a_fill_that_cannot_be_stored_is_told_as_down_and_made_up_for_later(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        told = Recorder(session)
        await session.submit(order())
        env.state.full = True
        await pass_time(env)
        assert session.health() is HealthState.DOWN
        assert told.of(HealthChange)[-1].state is HealthState.DOWN
        assert "the disk is full" in told.of(HealthChange)[-1].message
        env.state.full = False
        await pass_time(env, 1)
        assert [fill.client_id for fill in told.of(Execution)] == ["c1"]
        assert told.of(HealthChange)[-1].state is HealthState.READY
        assert session.health() is HealthState.READY
        await session.close()

    asyncio.run(scenario())


def test_a_sender_that_gives_up_does_not_part_the_book_from_its_storage(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        env.state.pause = 20
        sending = asyncio.create_task(session.submit(order()))
        await turns(10)
        sending.cancel()
        assert isinstance(await session.find("c1", START), Found)
        assert "order/c1" in env.state.entries
        await session.close()

    asyncio.run(scenario())


def test_symbols_resolve_to_one_instrument_or_none(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, unknown_symbols="GME")
        assert [one.id for one in await session.resolve("NASDAQ_DLY:AAPL")] == ["AAPL"]
        assert await session.resolve("NYSE:GME") == []
        assert await session.resolve("not a ticker") == []
        await session.close()

    asyncio.run(scenario())


def test_a_bad_configuration_is_refused_when_the_account_is_opened(env: PaperEnv) -> None:
    with pytest.raises(Unhonoured, match="latency"):
        asyncio.run(open_paper(env, latency_ms=-1))
