"""Sending: what an answer, a failure and an end make of an order; no lane is ever left for dead."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from core.brokerage.sending import Answering, Failing, children_for, everything, sender_of
from core.engine.bench import Bench
from tradewire import Rejected, RejectKind
from tradewire.brokerage.outcomes import After, store_lost
from tradewire.brokerage.tenure import Tenure
from tradewire.contract.broker import SubmitResult
from tradewire.domain.order import ChildState
from tradewire.domain.switch import SwitchState
from tradewire.store.database import StoreInDoubt, StoreUnavailable


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
