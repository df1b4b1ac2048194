"""What a look-up finds is the order that was asked for, however the broker names it; anything else is not."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.brokerage.hosting import hosted
from core.brokerage.scripted_session import ScriptedSession, shown
from core.engine.bench import Bench, execution
from tradewire.contract.broker import Found, SubmitResult, Unknown
from tradewire.domain.order import ChildState, Side


async def lost(order: Any) -> SubmitResult:
    return Unknown(cause="no answer")


def finding(**fields: Any) -> ScriptedSession:
    """A session that loses its answers, and whose broker tells of the order with these `fields`."""
    session = ScriptedSession()
    session.answer = lost

    def found(client_id: str) -> Found:
        [order] = session.sent
        return Found(order=msgspec.structs.replace(shown(order), **fields))

    session.found = found
    return session


def test_an_order_that_its_broker_knows_by_its_own_name_alone_is_found_with_its_fills(bench: Bench) -> None:
    async def go() -> None:
        session = finding(client_id=None, broker_order_id="b-9")
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.sent()
            session.executed = [
                execution(child, "e", 4, client_id=None, broker_order_id="b-9"),
                execution(child, "other", 3, client_id=None, broker_order_id="b-10"),
            ]
            await one.until(lambda: bench.child(child.client_id).filled == 4)
        assert bench.child(child.client_id).broker_order_id == "b-9"

    asyncio.run(go())


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "f" * 32},
        {"instrument_id": "TSLA"},
        {"side": Side.SELL},
    ],
    ids=["id", "instrument", "side"],
)
def test_another_order_is_no_answer_and_it_is_asked_for_again(bench: Bench, fields: dict[str, Any]) -> None:
    async def go() -> None:
        async with hosted(bench, finding(**fields)) as one:
            await one.ready()
            child = await one.sent()
            await one.until(lambda: bench.child(child.client_id).look_ups >= 3)
        assert bench.child(child.client_id).state is ChildState.UNKNOWN

    asyncio.run(go())
