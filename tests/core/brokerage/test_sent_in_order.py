"""Within a lane orders go out in the order of their placing, whatever holds one of them up."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from core.brokerage.sending import Answering, Failing, children_for, everything, sender_of
from core.engine.bench import Bench, execution
from tradewire import Accepted, Unknown
from tradewire.brokerage.sender import Sender
from tradewire.contract.broker import SubmitResult
from tradewire.domain.order import ChildState
from tradewire.store.database import Store


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
    assert session.sent == [first.client_id, second.client_id]


def test_nothing_overtakes_an_order_that_never_can_be_released(bench: Bench) -> None:
    first, second = children_for(bench, "AAPL", "AAPL")
    session = Answering()

    async def go() -> None:
        # The first, the second, the first again, and the second once more.
        store = Failing(bench.store, RuntimeError("a defect"), None, RuntimeError("a defect"))
        sender, _ = sender_of(bench, session, store)
        sender.send(first)
        sender.send(second)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == []
    assert [child.state for child in bench.children()] == [ChildState.NEW, ChildState.NEW]


class Meanwhile(Failing):
    """Right after the first write something else happens to the database."""

    def __init__(self, store: Store, happening: Callable[[], object]) -> None:
        super().__init__(store)
        self._happenings = [happening]

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        result = await self._store.write(unit)
        while self._happenings:
            await asyncio.to_thread(self._happenings.pop())
        return result


def test_what_was_held_behind_an_unknown_order_still_goes_before_what_came_later(bench: Bench) -> None:
    unknown, first, second, third = children_for(bench, "AAPL", "AAPL", "AAPL", "AAPL")
    bench.release(unknown.client_id)
    bench.submitted(unknown.client_id, Unknown(cause="no answer"))
    session = Answering()

    async def go() -> None:
        # The last look at the first one is over when the unknown order is found.
        store = Meanwhile(bench.store, lambda: bench.report(execution(unknown, "found", 10)))
        sender, _ = sender_of(bench, session, store)
        for child in (first, second, third):
            sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == [first.client_id, second.client_id, third.client_id]


def test_what_is_stored_and_not_queued_goes_before_what_is(bench: Bench) -> None:
    first, second, third = children_for(bench, "AAPL", "AAPL", "AAPL")
    session = Answering()

    async def go() -> None:
        sender, _ = sender_of(bench, session)
        for child in (third, second):
            sender.send(child)
        await everything(sender)

    asyncio.run(go())
    assert session.sent == [first.client_id, second.client_id, third.client_id]


def test_a_sender_that_ends_puts_nothing_in_front_of_its_lane(bench: Bench) -> None:
    _, second = children_for(bench, "AAPL", "AAPL")
    session = Answering()

    async def go() -> Sender:
        sender, _ = sender_of(bench, session)
        sender.send(second)
        await sender.finish(10)
        return sender

    sender = asyncio.run(go())
    assert session.sent == []
    assert not sender.in_flight
