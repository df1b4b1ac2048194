"""Whatever a stream does not tell, a look-up does not find or a cancel does not reach is asked for again."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest

from core.brokerage.hosting import Hosted, hosted
from core.brokerage.scripted_session import NOW, ScriptedSession, shown
from core.engine.bench import Bench, execution
from tradewire import OrderRequest
from tradewire.brokerage.outcomes import store_absent, store_inconclusive
from tradewire.contract.broker import (
    Absent,
    BrokerPosition,
    CancelOutcome,
    Execution,
    FindResult,
    Found,
    Inconclusive,
    SubmitResult,
    Unknown,
)
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewire.brokerage.session_host.FIRST_PAUSE_S", 0.001)


@pytest.fixture
def rechecking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewire.brokerage.session_host.RECHECK_S", 0.01)


async def ends(one: Hosted, child: ChildOrder, state: ChildState) -> None:
    await one.until(lambda: one.bench.child(child.client_id).state is state)


async def lost(order: OrderRequest) -> SubmitResult:
    return Unknown(cause="no answer")


@pytest.mark.usefixtures("rechecking")
def test_a_fill_that_no_event_told_of_is_fetched(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            session.orders.append(shown(session.sent[0]))
            session.executed.append(execution(child, "e", 10))
            await ends(one, child, ChildState.FILLED)

    asyncio.run(go())


@pytest.mark.usefixtures("rechecking")
def test_an_order_that_ended_unheard_is_looked_up_until_the_broker_can_tell(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        answers: list[FindResult] = [Inconclusive(cause="busy")] * 4
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            cancelled = Found(order=shown(session.sent[0], ChildState.CANCELLED))
            session.found = lambda _: answers.pop() if answers else cancelled
            await ends(one, child, ChildState.CANCELLED)
            assert answers == []

    asyncio.run(go())


def test_executions_are_fetched_until_they_add_up_to_what_is_reported(bench: Bench) -> None:
    class Lagging(ScriptedSession):
        lag = 3

        async def executions(self, since: datetime) -> Sequence[Execution]:
            if self.sent and self.lag:
                self.lag -= 1
                raise ConnectionError("busy")
            return list(self.executed)

    async def go() -> None:
        session = Lagging()
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            session.executed.append(execution(child, "e", 10))
            session.told.put_nowait(one.update(shown(session.sent[0], ChildState.FILLED, 10)))
            await ends(one, child, ChildState.FILLED)
            assert session.lag == 0

    asyncio.run(go())


def test_an_unknown_order_that_is_found_is_told_of_and_booked(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.answer = lost
        async with hosted(bench, session) as one:
            await one.ready()
            bench_fill: list[FindResult] = [Inconclusive(cause="busy")]

            def found(client_id: str) -> FindResult:
                if bench_fill:
                    return bench_fill.pop()
                [order] = session.sent
                session.executed[:] = [execution(bench.child(client_id), "e", 10)]
                return Found(order=shown(order, ChildState.FILLED, 10))

            session.found = found
            child = await one.sent()
            await ends(one, child, ChildState.FILLED)
            kinds = [kind for kind in bench.kinds() if kind.startswith("child.")]
            assert kinds.index("child.unknown") < kinds.index("child.looked_up")
            assert bench.child(child.client_id).look_ups == 2

    asyncio.run(go())


@pytest.mark.usefixtures("rechecking")
def test_an_acknowledged_order_without_a_trace_is_for_a_person_and_never_sent_again(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            await ends(one, child, ChildState.UNKNOWN)
            one.gap()
            await one.compared(session.asked + 3)
            assert len(session.sent) == 1
            assert bench.kinds().count("alert.raised") == 1
            assert "order resolve" in (bench.child(child.client_id).detail or "")
            session.orders.append(shown(session.sent[0]))
            await ends(one, child, ChildState.ACKNOWLEDGED)

    asyncio.run(go())


def test_a_broker_without_memory_alerts_once_however_often_it_is_asked(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession(DedupeClass.C)
        session.answer = lost
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.sent()
            await one.until(lambda: "alert.raised" in bench.kinds())
            session.cancel_outcomes = [CancelOutcome.NOT_FOUND] * 5
            one.host.cancel(bench.child(child.client_id))
            await one.until(lambda: len(session.cancelled) == 6)
            for asked in (2, 3):
                one.gap()
                await one.compared(asked)
            assert bench.kinds().count("alert.raised") == 1
            assert len(session.sent) == 1

    asyncio.run(go())


def test_a_cancel_is_asked_for_until_the_broker_took_it(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        broken = ConnectionError("busy")
        session.cancel_outcomes = [CancelOutcome.UNKNOWN, broken, CancelOutcome.NOT_FOUND]
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            session.orders.append(shown(session.sent[0]))
            session.found = lambda _: Found(order=shown(session.sent[0]))
            one.host.cancel(child)
            one.host.cancel(child)
            await one.until(lambda: len(session.cancelled) == 4)
            one.gap()
            await one.compared(2)
            assert len(session.cancelled) == 4

    asyncio.run(go())


@pytest.mark.usefixtures("rechecking")
def test_a_cancel_that_was_stored_and_that_nobody_asked_for_is_asked_for(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            session.orders.append(shown(session.sent[0]))
            await asyncio.to_thread(partial(bench.ask, action=Action.CANCEL))
            await one.until(lambda: child.client_id in session.cancelled)

    asyncio.run(go())


class Slow(ScriptedSession):
    """Does not answer for orders on any symbol but AAPL."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = lost
        self.quick: set[str] = set()
        self.looked_for: list[str] = []

    async def find(self, client_id: str, since: datetime) -> FindResult:
        self.looked_for.append(client_id)
        if client_id not in self.quick:
            await asyncio.Event().wait()
        return Inconclusive(cause="busy")


def test_a_broker_that_is_slow_to_find_orders_does_not_keep_the_account_from_being_compared(
    bench: Bench,
) -> None:
    async def go() -> None:
        first, second = Slow(), Slow()
        async with hosted(bench, first, second) as one:
            await one.ready()
            children = [await one.sent(symbol) for symbol in ("AAPL", "MSFT", "TSLA")]
            for child in children:
                await ends(one, child, ChildState.UNKNOWN)
            second.quick.add(children[0].client_id)
            first.told.put_nowait(None)
            await one.until(lambda: one.session is second and one.standing.ready)
            # At most once while comparing, and once since, which hangs.
            for child in children[1:]:
                assert second.looked_for.count(child.client_id) <= 2

    asyncio.run(go())


def unknown(bench: Bench) -> ChildOrder:
    bench.ask()
    [child] = bench.children()
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    return bench.child(child.client_id)


def test_an_absence_that_another_look_up_has_overtaken_sends_nothing(bench: Bench) -> None:
    child = unknown(bench)

    def absent(seen: int) -> bool:
        after = bench.write(
            store_absent,
            client_id=child.client_id,
            proof="p",
            dedupe=DedupeClass.B_OPEN,
            now=bench.clock.now(),
            seen=seen,
        )
        assert isinstance(after.send, bool)
        return after.send

    assert absent(seen=0)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer again"))
    # This one was asked before the order went out a second time, and is answered only now.
    assert not absent(seen=0)
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_look_ups_that_prove_nothing_alert_more_and_more_rarely(bench: Bench) -> None:
    child = unknown(bench)
    alerts = []
    for _ in range(13):
        bench.write(store_inconclusive, client_id=child.client_id, now=bench.clock.now())
        alerts.append(bench.kinds().count("alert.raised"))
    assert alerts == [0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3]


def test_a_part_filled_order_without_a_trace_keeps_what_it_has(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.found = lambda _: Absent(proof="nothing there", at=NOW)
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.acknowledged()
            session.held.append(BrokerPosition(instrument_id="AAPL", quantity=Decimal(4), currency="USD"))
            session.told.put_nowait(execution(child, "e", 4))
            await one.until(lambda: bench.child(child.client_id).filled == Decimal(4))
            one.gap()
            await one.compared(session.asked + 1)
            assert len(session.sent) == 1
            assert bench.held() == 4

    asyncio.run(go())
