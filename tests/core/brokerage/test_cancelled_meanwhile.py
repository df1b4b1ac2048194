"""What is cancelled in the moment in which the broker answers ends all the same."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from math import inf

from core.brokerage.hosting import PATIENCE_S, hosted
from core.brokerage.scripted_session import ScriptedBroker, ScriptedSession
from core.engine.bench import Bench
from tradewire import AccountConfig, Env, Session
from tradewire.brokerage.look_ups import LookUps
from tradewire.brokerage.tenure import FencedStore, Tenure
from tradewire.contract.broker import (
    Execution,
    FindResult,
    Inconclusive,
    OrderState,
    OrderUpdate,
    Unknown,
)
from tradewire.domain.order import ChildOrder
from tradewire.settings import EngineSettings


class Moment:
    """An answer of the broker that comes when the test says so."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._given = asyncio.Event()

    async def answer(self) -> None:
        self.asked.set()
        await self._given.wait()

    async def give(self) -> None:
        """The answer is there, and who waits for it has not heard of it yet."""
        self._given.set()
        await asyncio.sleep(0)


class OpeningAt(ScriptedBroker):
    def __init__(self, moment: Moment, *sessions: ScriptedSession) -> None:
        super().__init__(*sessions)
        self._moment = moment

    async def open(self, account: AccountConfig, env: Env) -> Session:
        session = await super().open(account, env)
        await self._moment.answer()
        return session


class AnsweringAt(ScriptedSession):
    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment
        self.looks = 0

    async def find(self, client_id: str, since: datetime) -> FindResult:
        self.looks += 1
        await self._moment.answer()
        return Inconclusive(cause="busy")


class ComparedAt(ScriptedSession):
    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    async def open_orders(self) -> Sequence[OrderState]:
        await self._moment.answer()
        return await super().open_orders()


def test_an_account_that_opens_in_the_moment_of_the_end_is_not_served(bench: Bench) -> None:
    async def go() -> None:
        moment = Moment()
        async with hosted(bench, broker=OpeningAt(moment, ScriptedSession())) as one:
            await moment.asked.wait()
            await moment.give()
        assert not one.standing.ready

    asyncio.run(go())


def test_an_account_whose_broker_answers_in_the_moment_of_the_end_is_not_served(bench: Bench) -> None:
    async def go() -> None:
        moment = Moment()
        session = ComparedAt(moment)
        async with hosted(bench, session) as one:
            await moment.asked.wait()
            await moment.give()
        assert session.closed
        assert not one.standing.ready

    asyncio.run(go())


def test_a_look_up_that_is_answered_in_the_moment_of_the_end_looks_no_further(bench: Bench) -> None:
    child = unknown(bench)

    async def go() -> None:
        moment = Moment()
        session = AnsweringAt(moment)
        tenure = Tenure("acc", bench.leases["acc"], inf, bench.clock)
        settings = EngineSettings(lookup_base_s=0.001, lookup_max_s=0.01)
        store = FencedStore(bench.store, tenure)
        look_ups = LookUps(store, bench.clock, session, settings, ignored, lambda _, after: None)
        look_ups.start(child.client_id)
        await moment.asked.wait()
        await moment.give()
        looking = asyncio.all_tasks() - {asyncio.current_task()}
        look_ups.stop()
        await asyncio.wait(looking, timeout=PATIENCE_S)
        assert session.looks == 1

    asyncio.run(go())


async def ignored(reports: Sequence[Execution | OrderUpdate]) -> None:
    pass


def unknown(bench: Bench) -> ChildOrder:
    bench.ask()
    [child] = bench.children()
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    return bench.child(child.client_id)
