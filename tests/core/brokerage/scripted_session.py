"""A broker whose session says what a test has written for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal

from core.engine.bench_desk import PRICE, capabilities, stock
from tradewire import Accepted, Broker, Env, Manifest, OrderRequest, Session
from tradewire.contract.broker import (
    Absent,
    AccountConfig,
    BrokerPosition,
    CancelOutcome,
    Event,
    Execution,
    FindResult,
    HealthState,
    OrderRef,
    OrderState,
    SubmitResult,
)
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildState

NOW = datetime.fromisoformat("2026-03-02T14:30:00+00:00")


class ScriptedSession(Session):
    """Accepts everything, has nothing and finds nothing, unless a test says otherwise.

    `asked` counts the comparisons (each asks for the open orders); while `hold` is not set they wait there.
    `told` is the stream; None ends it.
    """

    def __init__(self, dedupe: DedupeClass = DedupeClass.B) -> None:
        self.capabilities = capabilities(dedupe)
        self.state = HealthState.READY
        self.told: asyncio.Queue[Event | None] = asyncio.Queue()
        self.sent: list[OrderRequest] = []
        self.answer: Callable[[OrderRequest], Awaitable[SubmitResult]] | None = None
        self.found: Callable[[str], FindResult] = lambda client_id: Absent(proof="nothing there", at=NOW)
        self.cancelled: list[str] = []
        self.cancel_outcomes: list[CancelOutcome | Exception] = []
        self.orders: list[OrderState] = []
        self.executed: list[Execution] = []
        self.held: list[BrokerPosition] = []
        self.failures: list[Exception] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.asked = self.comparing = self.most_comparing = 0
        self.closed = False

    def health(self) -> HealthState:
        return self.state

    async def close(self) -> None:
        self.closed = True

    async def submit(self, order: OrderRequest) -> SubmitResult:
        self.sent.append(order)
        if self.answer is not None:
            return await self.answer(order)
        return Accepted(broker_order_id=f"b-{order.client_id}")

    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        self.cancelled.append(ref.client_id)
        outcome = self.cancel_outcomes.pop(0) if self.cancel_outcomes else CancelOutcome.REQUESTED
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def find(self, client_id: str, since: datetime) -> FindResult:
        return self.found(client_id)

    async def open_orders(self) -> Sequence[OrderState]:
        self.asked += 1
        self.comparing += 1
        self.most_comparing = max(self.most_comparing, self.comparing)
        try:
            await self.hold.wait()
        finally:
            self.comparing -= 1
        if self.failures:
            raise self.failures.pop(0)
        return list(self.orders)

    async def executions(self, since: datetime) -> Sequence[Execution]:
        return list(self.executed)

    async def positions(self) -> Sequence[BrokerPosition]:
        return list(self.held)

    async def resolve(self, symbol: str) -> Sequence[Instrument]:
        return [stock(symbol)]

    async def quote(self, instrument: Instrument) -> Quote | None:
        return Quote(instrument_id=instrument.id, at=NOW, bid=PRICE, ask=PRICE, last=PRICE)

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self.told.get()) is not None:
            yield event


class ScriptedBroker(Broker):
    """Opens the sessions it is given, one after another, and fails where an exception stands instead."""

    name = "scripted"
    manifest = Manifest(title="Scripted")

    def __init__(self, *sessions: ScriptedSession | Exception) -> None:
        self._sessions = list(sessions)
        self.opened: list[ScriptedSession] = []

    async def open(self, account: AccountConfig, env: Env) -> Session:
        session = self._sessions.pop(0)
        if isinstance(session, Exception):
            raise session
        self.opened.append(session)
        return session


def shown(order: OrderRequest, state: ChildState = ChildState.ACKNOWLEDGED, filled: int = 0) -> OrderState:
    """`order` as a broker shows it."""
    return OrderState(
        client_id=order.client_id,
        broker_order_id=f"b-{order.client_id}",
        instrument_id=order.instrument.id,
        side=order.side,
        quantity=order.quantity,
        filled=Decimal(filled),
        state=state,
    )
