"""Sending: in order within a lane, side by side between lanes, and no lane is ever left for dead."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

import pytest
from sqlalchemy import Connection

from core.engine.bench import Bench
from tradewire import Accepted, OrderRequest, Rejected, RejectKind
from tradewire.brokerage.outcomes import After, store_lost
from tradewire.brokerage.sender import Sender
from tradewire.brokerage.tenure import FencedStore, Tenure
from tradewire.contract.broker import SubmitResult
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.domain.switch import SwitchState
from tradewire.settings import EngineSettings
from tradewire.store.database import Store, StoreInDoubt, StoreUnavailable


class Answering:
    """A session that notes what it is sent, and answers by symbol; an answer may be an exception."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: dict[str, Callable[[], Coroutine[Any, Any, SubmitResult]]] = {}

    async def submit(self, order: OrderRequest) -> SubmitResult:
        self.sent.append(order.client_id)
        answer = self.answers.get(order.instrument.id)
        return await answer() if answer is not None else Accepted(broker_order_id=f"b-{order.client_id}")


class Failing:
    """A store whose writes fail as scripted before they work."""

    def __init__(self, store: Store, *errors: Exception | None) -> None:
        self._store, self._errors = store, list(errors)

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return await self._store.write(unit)


def sender_of(
    bench: Bench, session: Answering, store: Any = None, tenure: Tenure | None = None
) -> tuple[Sender, list[tuple[str, After]]]:
    told: list[tuple[str, After]] = []
    settings = EngineSettings(lookup_base_s=0.001)
    tenure = tenure or Tenure("acc", bench.leases["acc"], inf, bench.clock)
    sender = Sender(
        FencedStore(store or bench.store, tenure),
        bench.clock,
        session,  # type: ignore[arg-type]
        tenure,
        settings,
        lambda client_id, after: told.append((client_id, after)),
    )
    return sender, told


def children_for(bench: Bench, *symbols: str) -> list[ChildOrder]:
    for symbol in symbols:
        bench.ask(symbol=symbol)
    return bench.children()


async def everything(sender: Sender, *but: str) -> None:
    """Until nothing is under way, whatever of `but` may be."""
    for _ in range(100_000):
        if not sender.in_flight - set(but):
            return
        await asyncio.sleep(0)
    raise AssertionError(f"still under way: {sender.in_flight}")


def test_one_lane_is_sent_in_order_and_another_does_not_wait_for_it(bench: Bench) -> None:
    first, second, elsewhere = children_for(bench, "AAPL", "AAPL", "MSFT")
    session = Answering()

    async def go() -> None:
        answered = asyncio.Event()

        async def slow() -> SubmitResult:
            await answered.wait()
            return Accepted(broker_order_id="b")

        session.answers["AAPL"] = slow
        sender, _ = sender_of(bench, session)
        for child in (first, second, elsewhere):
            sender.send(child)
        await everything(sender, first.client_id, second.client_id)
        assert second.client_id not in session.sent
        answered.set()
        await everything(sender)

    asyncio.run(go())
    assert [one for one in session.sent if one != elsewhere.client_id] == [first.client_id, second.client_id]


def test_a_cancellation_that_a_session_lets_escape_leaves_the_order_unknown(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()

    async def given_up() -> SubmitResult:
        raise asyncio.CancelledError

    async def go() -> list[tuple[str, After]]:
        session.answers["AAPL"] = given_up
        sender, told = sender_of(bench, session)
        sender.send(child)
        await everything(sender)
        return told

    assert [(one, after.look_up) for one, after in asyncio.run(go())] == [(child.client_id, True)]
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_an_order_handed_over_twice_is_sent_once(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()

    async def go() -> None:
        sender, _ = sender_of(bench, session)
        sender.send(child)
        sender.send(child)
        await everything(sender)
        sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == [child.client_id]


def test_whatever_escapes_a_session_is_unknown_and_looked_up(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()

    async def broken() -> SubmitResult:
        raise ConnectionResetError("gone")

    session.answers["AAPL"] = broken

    async def go() -> list[tuple[str, After]]:
        sender, told = sender_of(bench, session)
        sender.send(child)
        await everything(sender)
        return told

    assert asyncio.run(go()) == [(child.client_id, After(look_up=True))]
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_a_withheld_order_wakes_the_engine(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    bench.switch(SwitchState.HALTED)
    session = Answering()

    async def go() -> list[tuple[str, After]]:
        sender, told = sender_of(bench, session)
        sender.send(child)
        await everything(sender)
        return told

    assert asyncio.run(go()) == [(child.client_id, After(due=True))]
    assert session.sent == []


def test_an_outcome_waits_for_the_database_and_is_not_lost(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()

    async def refuse() -> SubmitResult:
        return Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message="no money")

    session.answers["AAPL"] = refuse
    down = StoreUnavailable("The disk is full.")
    store = Failing(bench.store, None, down, down)

    async def go() -> None:
        sender, _ = sender_of(bench, session, store)
        sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert bench.child(child.client_id).state is ChildState.REJECTED
    assert session.sent == [child.client_id]


def test_an_order_that_cannot_be_released_leaves_its_lane_usable(bench: Bench) -> None:
    first, second = children_for(bench, "AAPL", "AAPL")
    session = Answering()
    store = Failing(bench.store, RuntimeError("a defect"))

    async def go() -> None:
        sender, _ = sender_of(bench, session, store)
        sender.send(first)
        await everything(sender)
        sender.send(second)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == [second.client_id]
    assert bench.child(first.client_id).state is ChildState.NEW


class LosingItsWord(Failing):
    """What is written first is stored, and the connection lost before that is heard."""

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        result = await self._store.write(unit)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return result


@pytest.mark.parametrize(
    ("losing", "state", "looked_up"),
    [(LosingItsWord, ChildState.UNKNOWN, True), (Failing, ChildState.NEW, False)],
    ids=["marked as sent", "not marked"],
)
def test_an_order_whose_last_look_is_in_doubt_is_not_sent_and_never_left_for_sent(
    bench: Bench, losing: type[Failing], state: ChildState, looked_up: bool
) -> None:
    [child] = children_for(bench, "AAPL")
    session = Answering()
    sender, told = sender_of(bench, session, losing(bench.store, StoreInDoubt("The connection was lost.")))

    async def go() -> None:
        sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert (session.sent, bench.child(child.client_id).state) == ([], state)
    assert [after.look_up for _, after in told] == [looked_up]


def test_an_order_released_just_before_a_standstill_is_not_transmitted_but_put_back(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()
    tenure = Tenure("acc", bench.leases["acc"], bench.clock.monotonic() + 30, bench.clock)

    class StandingStill:
        async def write(self, unit: Callable[[Connection], Any]) -> Any:
            stored = await bench.store.write(unit)
            bench.clock.advance(28)
            return stored

    async def go() -> None:
        sender, _ = sender_of(bench, session, StandingStill(), tenure)
        sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == []
    assert bench.child(child.client_id).state is ChildState.NEW
    assert bench.kinds()[-2:] == ["child.sent", "child.looked_up"]


class Taken(Failing):
    """From the first write on that fails the account is another's."""

    def __init__(self, bench: Bench, *errors: Exception | None) -> None:
        super().__init__(bench.store, *errors)
        self._bench = bench

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        error = self._errors.pop(0) if self._errors else None
        stored = await self._store.write(unit)
        if error is not None:
            await asyncio.to_thread(self._bench.take_lease, "acc")
            raise error
        return stored


def test_an_order_in_doubt_whose_account_is_another_s_by_then_is_left_to_it(bench: Bench) -> None:
    first, second = children_for(bench, "AAPL", "AAPL")
    session = Answering()
    sender, told = sender_of(bench, session, Taken(bench, StoreInDoubt("The connection was lost.")))
    failed: list[dict[str, Any]] = []

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
        sender.send(first)
        sender.send(second)
        await everything(sender)
        gc.collect()

    asyncio.run(go())
    assert (session.sent, told, failed) == ([], [], [])
    assert [bench.child(one.client_id).state for one in (first, second)] == [ChildState.SENT, ChildState.NEW]
    # What the new owner does first: it looks up what was marked as sent, and sends the rest behind it.
    left = bench.write(store_lost, account_id="acc", keep=frozenset(), now=bench.clock.now())
    assert left == (first.client_id,)
    assert bench.child(first.client_id).state is ChildState.UNKNOWN


def test_an_answer_that_comes_after_the_lease_was_lost_leaves_the_order_to_be_looked_up(bench: Bench) -> None:
    first, second = children_for(bench, "AAPL", "AAPL")
    session = Answering()

    async def late() -> SubmitResult:
        await asyncio.to_thread(bench.take_lease, "acc")
        return Rejected(kind=RejectKind.OTHER, message="no")

    session.answers["AAPL"] = late

    async def go() -> list[tuple[str, After]]:
        sender, told = sender_of(bench, session)
        sender.send(first)
        sender.send(second)
        await everything(sender)
        return told

    assert asyncio.run(go()) == []
    assert session.sent == [first.client_id]
    assert [bench.child(one.client_id).state for one in (first, second)] == [ChildState.SENT, ChildState.NEW]


def test_an_order_that_was_held_back_is_put_back_as_soon_as_the_database_is_there_again(bench: Bench) -> None:
    (child,) = children_for(bench, "AAPL")
    session = Answering()
    tenure = Tenure("acc", bench.leases["acc"], bench.clock.monotonic() + 30, bench.clock)
    down = StoreUnavailable("The disk is full.")

    class StandingStill(Failing):
        async def write(self, unit: Callable[[Connection], Any]) -> Any:
            stored = await super().write(unit)
            bench.clock.advance(28)
            return stored

    async def go() -> None:
        sender, _ = sender_of(bench, session, StandingStill(bench.store, None, down, down), tenure)
        sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == []
    assert bench.child(child.client_id).state is ChildState.NEW
