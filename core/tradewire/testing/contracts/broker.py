"""What every broker's session keeps to, tried against a broker that fills a market order at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from tradewire.answers import sound
from tradewire.contract.broker import (
    Absent,
    Accepted,
    AccountConfig,
    Broker,
    CancelOutcome,
    Event,
    Execution,
    Found,
    HealthState,
    OrderRef,
    OrderRequest,
    Rejected,
    RejectKind,
    Session,
)
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.instrument import Instrument
from tradewire.testing import builders
from tradewire.testing.lent import LentEnv

_FIRST, _SECOND = "a" * 32, "b" * 32
_PATIENCE_S = 10
_TURNS = 1000


class BrokerContract:
    """`symbol` is one that the broker knows and fills at once, in lots of `quantity`.

    `account` and `env` may be overridden, for a broker that needs files or a server of its own.
    """

    broker: ClassVar[Broker]
    symbol: ClassVar[str] = "AAPL"
    unknown_symbol: ClassVar[str] = "NO-SUCH-THING-1"
    quantity: ClassVar[Decimal] = Decimal(10)
    lent: LentEnv

    def account(self) -> AccountConfig:
        return builders.account()

    def env(self) -> LentEnv:
        return LentEnv()

    def within(self, work: Callable[[Session], Awaitable[Any]], env: LentEnv | None = None) -> Any:
        """Open a session, do `work`, close it."""

        self.lent = env or self.env()

        async def run() -> Any:
            session = await self.broker.open(self.account(), self.lent)
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    return await work(session)
            finally:
                await session.close()

        return asyncio.run(run())

    async def bought(self, session: Session, client_id: str = _FIRST) -> Sequence[Execution]:
        """Send a market order, and let time pass until all of it has been executed."""
        order = await self._order(session, client_id)
        assert isinstance(await session.submit(order), Accepted)
        since = builders.NOW - timedelta(days=1)
        for _ in range(_TURNS):
            found = [one for one in await session.executions(since) if one.client_id == client_id]
            if sum((one.quantity for one in found), Decimal(0)) == order.quantity:
                return found
            self.lent.clock.advance(0.1)
            await asyncio.sleep(0)
        raise AssertionError("the market order was not executed; name a symbol that fills at once")

    def test_it_can_be_described_without_being_opened(self) -> None:
        assert self.broker.name.isidentifier()
        assert self.broker.manifest.title
        assert self.broker.manifest.modes
        assert all(field.name.isidentifier() for field in self.broker.manifest.fields)

    def test_an_opened_session_is_ready_and_says_what_it_takes(self) -> None:
        async def work(session: Session) -> None:
            assert session.health() in (HealthState.READY, HealthState.DEGRADED)
            assert session.capabilities.orders
            assert session.capabilities.max_client_id >= len(_FIRST)

        self.within(work)

    def test_a_ticker_is_one_instrument_whose_id_is_that_instrument_again(self) -> None:
        async def work(session: Session) -> None:
            (found,) = await session.resolve(self.symbol)
            assert list(await session.resolve(found.id)) == [sound(found, Instrument)]
            assert found.tick > 0
            assert found.lot > 0
            assert list(await session.resolve(self.unknown_symbol)) == []

        self.within(work)

    def test_an_order_is_executed_found_and_held(self) -> None:
        async def work(session: Session) -> None:
            executions = await self.bought(session)
            for one in executions:
                sound(one, Execution)
            found = await session.find(_FIRST, builders.NOW)
            assert isinstance(found, Found)
            assert found.order.filled == self.quantity
            (held,) = await session.positions()
            assert (held.instrument_id, held.quantity) == (executions[0].instrument_id, self.quantity)

        self.within(work)

    def test_one_client_id_never_becomes_two_orders_where_the_class_says_so(self) -> None:
        async def work(session: Session) -> None:
            await self.bought(session)
            again = await session.submit(await self._order(session, _FIRST))
            if session.capabilities.dedupe is DedupeClass.A:
                assert isinstance(again, Accepted)
            elif session.capabilities.dedupe is DedupeClass.B:
                assert isinstance(again, Rejected)
                assert again.kind is RejectKind.DUPLICATE
            else:
                return
            (held,) = await session.positions()
            assert held.quantity == self.quantity

        self.within(work)

    def test_an_order_that_never_came_is_not_found(self) -> None:
        async def work(session: Session) -> None:
            found = await session.find(_SECOND, builders.NOW)
            assert not isinstance(found, Found)
            if isinstance(found, Absent):
                assert found.proof

        self.within(work)

    def test_what_cannot_be_cancelled_is_said(self) -> None:
        async def work(session: Session) -> None:
            executed = (await self.bought(session))[0]
            done = OrderRef(
                client_id=_FIRST,
                broker_order_id=executed.broker_order_id,
                instrument_id=executed.instrument_id,
            )
            assert await session.cancel(done) in (CancelOutcome.TOO_LATE, CancelOutcome.REQUESTED)

        self.within(work)

    def test_an_execution_is_the_same_however_often_it_is_fetched_and_also_in_another_session(self) -> None:
        env = self.env()
        first = self.within(self.bought, env)

        async def work(session: Session) -> None:
            later = await session.executions(builders.NOW - timedelta(days=1))
            assert sorted(later, key=_by_id) == sorted(first, key=_by_id)
            assert isinstance(await session.find(_FIRST, builders.NOW), Found)
            assert [one.quantity for one in await session.positions()] == [self.quantity]

        self.within(work, env)

    def test_an_execution_comes_as_an_event(self) -> None:
        async def work(session: Session) -> None:
            events = session.events()
            waiting = asyncio.ensure_future(_first_execution(events))
            await asyncio.sleep(0)
            (execution, *_) = await self.bought(session)
            assert (await waiting).execution_id == execution.execution_id

        self.within(work)

    def test_the_events_end_when_the_session_is_closed(self) -> None:
        async def run() -> None:
            session = await self.broker.open(self.account(), self.env())
            listening = asyncio.ensure_future(_drained(session.events()))
            await asyncio.sleep(0)
            await session.close()
            async with asyncio.timeout(_PATIENCE_S):
                await listening

        asyncio.run(run())

    async def _order(self, session: Session, client_id: str) -> OrderRequest:
        (instrument,) = await session.resolve(self.symbol)
        return builders.order_request(client_id, instrument=instrument, quantity=self.quantity)


def _by_id(execution: Execution) -> str:
    return execution.execution_id


async def _first_execution(events: AsyncIterator[Event]) -> Execution:
    async for event in events:
        if isinstance(event, Execution):
            return event
    raise AssertionError("the events ended without an execution")


async def _drained(events: AsyncIterator[Event]) -> None:
    async for _ in events:
        pass
