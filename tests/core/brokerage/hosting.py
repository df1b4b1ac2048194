"""A session host on a bench, with a scripted broker, on the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from typing import Any, cast

from sqlalchemy import Connection

from core.brokerage.scripted_session import ScriptedBroker, ScriptedSession
from core.engine.bench import Bench
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.session_host import SessionHost
from tradewire.brokerage.tenure import Tenure
from tradewire.contract.broker import AccountConfig, OrderUpdate, StreamGap
from tradewire.domain.account import AccountMode
from tradewire.domain.order import ChildOrder
from tradewire.settings import EngineSettings, Settings
from tradewire.store.database import Store

#: Generous, since it only bounds a test that has failed already.
PATIENCE_S = 30.0


class FailingStore:
    """A store whose writes of `unit` fail as scripted before they work."""

    def __init__(self, store: Store, unit: Callable[..., object], *errors: Exception) -> None:
        self._store, self._unit, self._errors = store, unit, list(errors)

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        inner = getattr(unit, "keywords", {}).get("unit", unit)
        if self._errors and getattr(inner, "func", None) is self._unit:
            raise self._errors.pop(0)
        return await self._store.write(unit)

    async def read(self, unit: Callable[[Connection], Any]) -> Any:
        return await self._store.read(unit)


class Hosted:
    """A running host; `whys` is every reason it was not ready for, when it rang."""

    def __init__(self, bench: Bench, store: Any, broker: ScriptedBroker) -> None:
        self.bench = bench
        self.broker = broker
        self.memory = MarketMemory(bench.clock)
        self.standing = self.memory.standing("acc")
        self.whys: list[str] = []
        self.tenure = Tenure("acc", bench.leases["acc"], inf, bench.clock)
        self.host = SessionHost(
            broker=lambda: self.broker,
            config=AccountConfig(
                id="acc", name="acc", mode=AccountMode.PAPER, currency="USD", config={}, credentials={}
            ),
            env=cast(Any, None),
            tenure=self.tenure,
            store=store,
            clock=bench.clock,
            calendars=cast(Any, None),
            settings=Settings(engine=EngineSettings(lookup_base_s=0.001, lookup_max_s=0.01)),
            memory=self.memory,
            ring=lambda: self.whys.append(self.standing.why_not),
        )

    @property
    def session(self) -> ScriptedSession:
        """The session opened last."""
        return self.broker.opened[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - states of the store have no event
                await asyncio.sleep(0.001)

    async def ready(self) -> None:
        await self.until(lambda: self.standing.ready)

    async def compared(self, times: int) -> None:
        await self.until(lambda: self.session.asked >= times and self.standing.ready)

    async def ordered(self, symbol: str = "AAPL") -> ChildOrder:
        """A new order of the algorithm, handed over."""
        known = {child.client_id for child in self.bench.children()}
        await asyncio.to_thread(partial(self.bench.ask, symbol=symbol))
        [child] = [child for child in self.bench.children() if child.client_id not in known]
        self.host.send([child])
        return child

    async def sent(self, symbol: str = "AAPL") -> ChildOrder:
        """A new order of the algorithm, handed over and transmitted."""
        child = await self.ordered(symbol)
        await self.until(lambda: child.client_id in [one.client_id for one in self.session.sent])
        return child

    async def acknowledged(self) -> ChildOrder:
        child = await self.sent()
        await self.until(lambda: self.bench.child(child.client_id).acknowledged_at is not None)
        return self.bench.child(child.client_id)

    def gap(self) -> None:
        now = self.bench.clock.now()
        self.session.told.put_nowait(StreamGap(since=now, until=now))

    def update(self, order: Any) -> OrderUpdate:
        return OrderUpdate(order=order, at=self.bench.clock.now())


@asynccontextmanager
async def hosted(
    bench: Bench,
    *sessions: ScriptedSession | Exception,
    store: Any = None,
    broker: ScriptedBroker | None = None,
) -> AsyncIterator[Hosted]:
    """A host that runs until the block ends, and ends with it."""
    hosting = Hosted(bench, store or bench.store, broker or ScriptedBroker(*sessions))
    running = asyncio.create_task(hosting.host.run())
    try:
        yield hosting
    finally:
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE_S)
        assert running.done(), "the host went on although it was cancelled"
