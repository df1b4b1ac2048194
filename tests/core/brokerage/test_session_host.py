"""One account's session: opened, compared, opened again, stopped."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import structlog

from core.brokerage.hosting import FailingStore, hosted
from core.brokerage.scripted_session import ScriptedBroker, ScriptedSession
from core.engine.bench import Bench, execution
from tradewire import Accepted, AccountConfig, Env, HealthChange, HealthState, OrderRequest, Session
from tradewire.brokerage import leases
from tradewire.brokerage.reports import store_reports
from tradewire.contract.broker import Event, OrderState, SubmitResult
from tradewire.domain.order import ChildState
from tradewire.store.database import StoreUnavailable

AWAY = ConnectionError("the broker is away")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewire.brokerage.session_host.FIRST_PAUSE_S", 0.001)


def test_an_account_that_cannot_be_opened_is_tried_again_and_says_why(bench: Bench) -> None:
    async def go() -> None:
        async with hosted(bench, AWAY, AWAY, ScriptedSession()) as one:
            await one.ready()
            assert [why for why in one.whys if "the broker is away" in why]
            assert one.standing.why_not == ""

    asyncio.run(go())


class Hanging(ScriptedBroker):
    """Its first account never opens."""

    async def open(self, account: AccountConfig, env: Env) -> Session:
        if not self.hung:
            self.hung = True
            await asyncio.Event().wait()
        return await super().open(account, env)

    hung = False


def test_an_account_that_hangs_in_its_opening_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewire.brokerage.session_host.OPEN_S", 0.01)

    async def go() -> None:
        async with hosted(bench, broker=Hanging(ScriptedSession())) as one:
            await one.ready()
            assert [why for why in one.whys if "did not open" in why]

    asyncio.run(go())


def test_after_a_session_that_served_the_pauses_begin_small_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds >= 1:
            pauses.append(seconds)
            # What comes up again and again while a session serves.
            await (asyncio.Event().wait() if seconds > 8 else sleep(0))
        else:
            await sleep(seconds)

    monkeypatch.setattr("tradewire.brokerage.session_host.FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr("tradewire.brokerage.session_host.LONGEST_PAUSE_S", 8.0)
    monkeypatch.setattr(asyncio, "sleep", noted)

    async def go() -> None:
        served = ScriptedSession()
        async with hosted(bench, *[AWAY] * 5, served, AWAY, ScriptedSession()) as one:
            await one.ready()
            served.told.put_nowait(None)
            await one.until(lambda: one.session is not served and one.standing.ready)

    asyncio.run(go())
    assert [pause for pause in pauses if pause <= 8] == [1, 2, 4, 8, 8, 1, 2]


def test_a_stream_that_ends_is_opened_again_and_compared_before_anything_is_sent(bench: Bench) -> None:
    async def go() -> None:
        first, second = ScriptedSession(), ScriptedSession()
        second.hold.clear()
        async with hosted(bench, first, second) as one:
            await one.ready()
            first.told.put_nowait(None)
            await one.until(lambda: second.asked == 1)
            assert first.closed
            assert not one.standing.ready
            await one.ordered()
            assert second.sent == []
            second.hold.set()
            await one.until(lambda: len(second.sent) == 1)

    asyncio.run(go())


class Breaking(ScriptedSession):
    """Its stream fails instead of ending."""

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            yield event
        raise ConnectionResetError("reset by peer")


def test_a_stream_that_fails_is_opened_again(bench: Bench) -> None:
    async def go() -> None:
        first = Breaking()
        async with hosted(bench, first, ScriptedSession()) as one:
            await one.ready()
            first.told.put_nowait(None)
            await one.until(lambda: one.session is not first and one.standing.ready)
            assert [why for why in one.whys if "reset by peer" in why]

    asyncio.run(go())


def test_a_broker_that_does_not_answer_the_comparison_is_opened_again(bench: Bench) -> None:
    async def go() -> None:
        first = ScriptedSession()
        first.failures.append(AWAY)
        async with hosted(bench, first, ScriptedSession()) as one:
            await one.ready()
            assert len(one.broker.opened) == 2
            assert first.closed

    asyncio.run(go())


def test_reports_wait_for_the_database_and_none_is_lost(bench: Bench) -> None:
    down = StoreUnavailable("The disk is full.")

    async def go() -> None:
        store = FailingStore(bench.store, store_reports, down, down, down)
        async with hosted(bench, ScriptedSession(), store=store) as one:
            await one.ready()
            child = await one.sent()
            for number in range(5):
                one.session.told.put_nowait(execution(child, f"e{number}", 2))
            await one.until(lambda: bench.child(child.client_id).state is ChildState.FILLED)
            assert [row.execution_id for row in bench.fills()] == [f"e{number}" for number in range(5)]

    asyncio.run(go())


def test_a_report_that_cannot_be_stored_ends_the_session_at_once_and_is_fetched_by_the_next(
    bench: Bench,
) -> None:
    async def go() -> None:
        first, second = ScriptedSession(), ScriptedSession()
        store = FailingStore(bench.store, store_reports)
        async with hosted(bench, first, second, store=store) as one:
            await one.ready()
            child = await one.sent()
            fill = execution(child, "e", 10)
            second.executed.append(fill)
            store._errors.append(RuntimeError("a defect"))
            first.told.put_nowait(fill)
            await one.until(lambda: bench.child(child.client_id).state is ChildState.FILLED)
            assert one.session is second

    asyncio.run(go())


def test_a_gap_while_an_order_is_under_way_leaves_that_order_alone(bench: Bench) -> None:
    async def go() -> None:
        answered = asyncio.Event()

        async def slow(order: OrderRequest) -> SubmitResult:
            await answered.wait()
            return Accepted(broker_order_id="b")

        session = ScriptedSession()
        session.answer = slow
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.sent()
            one.gap()
            await one.compared(2)
            assert bench.child(child.client_id).state is ChildState.SENT
            answered.set()
            await one.until(lambda: bench.child(child.client_id).state is ChildState.ACKNOWLEDGED)
            assert len(session.sent) == 1
            assert "child.unknown" not in bench.kinds()

    asyncio.run(go())


def test_two_comparisons_never_overlap(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        async with hosted(bench, session) as one:
            await one.ready()
            session.hold.clear()
            for _ in range(3):
                one.gap()
            await one.until(lambda: session.comparing == 1)
            session.told.put_nowait(HealthChange(state=HealthState.READY, at=bench.clock.now()))
            session.hold.set()
            await one.until(lambda: session.asked == 4 and one.standing.ready)
            assert session.most_comparing == 1

    asyncio.run(go())


def test_a_session_that_breaks_while_it_is_compared_is_not_ready_afterwards(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.hold.clear()
        async with hosted(bench, session) as one:
            await one.until(lambda: session.asked == 1)
            session.state = HealthState.NEEDS_USER
            session.told.put_nowait(
                HealthChange(state=session.state, message="Sign in again.", at=bench.clock.now())
            )
            session.hold.set()
            await one.until(lambda: one.standing.why_not == "needs user")
            assert not one.standing.ready
            session.state = HealthState.READY
            session.told.put_nowait(HealthChange(state=session.state, at=bench.clock.now()))
            await one.compared(2)

    asyncio.run(go())


def test_the_first_gap_is_what_connecting_looks_like_and_the_next_is_a_warning(bench: Bench) -> None:
    async def go() -> list[int]:
        warnings = []
        with structlog.testing.capture_logs() as logs:
            async with hosted(bench, ScriptedSession()) as one:
                await one.ready()
                for asked in (2, 3):
                    one.gap()
                    await one.compared(asked)
                    warnings.append(len([log for log in logs if log["log_level"] == "warning"]))
        return warnings

    assert asyncio.run(go()) == [0, 1]


def taken_over(bench: Bench) -> None:
    """Another process takes the account."""
    bench.write(leases.give_back, owner="me")
    bench.take_lease("acc", "another")


def test_under_a_lost_lease_nothing_is_sent_and_nothing_cancelled(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        async with hosted(bench, session) as one:
            child = await one.acknowledged()
            await asyncio.to_thread(taken_over, bench)
            late = await one.ordered()
            await one.until(lambda: not one.tenure.outlasts(0))
            one.host.cancel(child)
            one.host.resend()
            late = await asyncio.to_thread(bench.child, late.client_id)
            assert [order.client_id for order in session.sent] == [child.client_id]
            assert session.cancelled == []
            assert late.state is ChildState.NEW

    asyncio.run(go())


def test_under_a_lost_lease_executions_are_stored_and_states_are_left_to_the_next_owner(bench: Bench) -> None:
    async def go() -> None:
        async with hosted(bench, ScriptedSession()) as one:
            child = await one.acknowledged()
            await asyncio.to_thread(taken_over, bench)
            order = OrderState(
                client_id=child.client_id,
                broker_order_id=f"b-{child.client_id}",
                instrument_id=child.instrument_id,
                side=child.side,
                quantity=child.quantity,
                filled=Decimal(4),
                state=ChildState.CANCELLED,
            )
            await one.host.apply([execution(child, "e1", 4), one.update(order)])
            after = bench.child(child.client_id)
            assert (after.filled, after.state) == (Decimal(4), ChildState.PARTLY_FILLED)

    asyncio.run(go())


def test_stopping_lets_submissions_end_but_not_for_ever(bench: Bench) -> None:
    async def go() -> None:
        answered = asyncio.Event()

        async def slow(order: OrderRequest) -> SubmitResult:
            await (answered.wait() if order.instrument.id == "AAPL" else asyncio.Event().wait())
            return Accepted(broker_order_id="b")

        session = ScriptedSession()
        session.answer = slow
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.sent()
            stopping = asyncio.create_task(one.host.stop(30))
            await asyncio.sleep(0)
            assert not stopping.done()
            answered.set()
            await stopping
            assert bench.child(child.client_id).state is ChildState.ACKNOWLEDGED

        other = ScriptedSession()
        other.answer = slow
        async with hosted(bench, other) as one:
            await one.ready()
            child = await one.sent("MSFT")
            await one.host.stop(0.001)
            assert bench.child(child.client_id).state is ChildState.SENT
        # What it was is found out by the next life.
        async with hosted(bench, ScriptedSession()) as one:
            await one.until(lambda: "child.unknown" in bench.kinds())

    asyncio.run(go())


def test_a_comparison_that_ends_while_stopping_sends_nothing(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.hold.clear()
        async with hosted(bench, session) as one:
            await one.until(lambda: session.asked == 1)
            await one.ordered()
            await one.host.stop(1)
            session.hold.set()
            await one.until(lambda: session.comparing == 0 and not one.host._comparing.locked())
            assert not one.standing.ready
            assert session.sent == []

    asyncio.run(go())


class Stubborn(ScriptedSession):
    async def close(self) -> None:
        raise RuntimeError("cannot close now")


def test_a_session_that_fails_to_close_keeps_nothing_from_stopping(bench: Bench) -> None:
    async def go() -> None:
        first = Stubborn()
        async with hosted(bench, first, Stubborn()) as one:
            await one.ready()
            first.told.put_nowait(None)
            await one.until(lambda: one.session is not first and one.standing.ready)

    asyncio.run(go())
