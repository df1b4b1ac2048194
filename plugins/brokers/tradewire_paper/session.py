"""The in-process session: a desk of its own, with its book in the account's durable state."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from tradewire import (
    AccountConfig,
    Balances,
    BrokerPosition,
    CancelOutcome,
    Env,
    Event,
    Execution,
    FindResult,
    HealthChange,
    HealthState,
    Instrument,
    OrderRef,
    OrderRequest,
    OrderState,
    Quote,
    Session,
    StreamGap,
    SubmitResult,
    Unknown,
)
from tradewire_paper import markets
from tradewire_paper.book import restore
from tradewire_paper.capabilities import capabilities_of
from tradewire_paper.config import PaperConfig
from tradewire_paper.desk import Desk, World
from tradewire_paper.faults import FaultKind, FaultScript, cause_of
from tradewire_paper.feed import Break, Listener
from tradewire_paper.source import prices_of

_OPENED_AT = "opened_at"
#: How long a cut stream stays away, in seconds.
_RECONNECT_S = 0.05
_HANGING = (FaultKind.ACCEPT_THEN_HANG, FaultKind.DROP_THEN_HANG)


async def open_session(account: AccountConfig, config: PaperConfig, env: Env) -> "PaperSession":
    """The account as it was left; a new one starts with its cash."""
    stored = dict(await env.state.items(""))
    if _OPENED_AT not in stored:
        encode = msgspec.json.encode
        stored = {_OPENED_AT: encode(env.clock.now()), "cash": encode(config.starting_cash)}
        await env.state.put(stored)
    opened_at = msgspec.json.decode(stored[_OPENED_AT], type=datetime)
    world = World(
        clock=env.clock,
        sleep=env.sleep,
        calendar=env.calendar,
        put=env.state.put,
        prices=prices_of(config, opened_at),
    )
    book = restore(stored, account.currency, config.starting_cash)
    desk = Desk(book, config, world, FaultScript(config.faults))
    desk.start()
    return PaperSession(desk, config, env)


class PaperSession(Session):
    """Trades against a desk in the same process."""

    def __init__(self, desk: Desk, config: PaperConfig, env: Env) -> None:
        self.capabilities = capabilities_of(config.hours)
        self._desk = desk
        self._config = config
        self._env = env
        self._closed = False

    @property
    def desk(self) -> Desk:
        """The desk itself, for audits and for loading faults at run time."""
        return self._desk

    def health(self) -> HealthState:
        stopped = self._closed or self._desk.failure is not None
        return HealthState.DOWN if stopped else HealthState.READY

    async def close(self) -> None:
        self._closed = True
        await self._desk.close()

    async def submit(self, order: OrderRequest) -> SubmitResult:
        receipt = await self._desk.submit(order)
        if receipt.fault in _HANGING:
            await self._env.sleep(self._config.timeout_s)
        if receipt.fault is not None and receipt.fault.loses_answer:
            return Unknown(cause=f"{cause_of(receipt.fault)} (by the account's script)")
        return receipt.result

    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        return await self._desk.cancel(ref.client_id)

    async def find(self, client_id: str, since: datetime) -> FindResult:
        return await self._desk.find(client_id)

    async def open_orders(self) -> Sequence[OrderState]:
        return [order.as_state() for order in self._desk.book.open_orders()]

    async def executions(self, since: datetime) -> Sequence[Execution]:
        return self._desk.executions(since)

    async def positions(self) -> Sequence[BrokerPosition]:
        return self._desk.book.positions()

    async def resolve(self, symbol: str) -> Sequence[Instrument]:
        instrument = self._desk.resolve(symbol)
        return [] if instrument is None else [instrument]

    def events(self) -> AsyncIterator[Event]:
        return self._stream(self._desk.feed.subscribe())

    async def quote(self, instrument: Instrument) -> Quote | None:
        return self._desk.quote(instrument)

    async def balances(self) -> Balances | None:
        return self._desk.balances()

    async def rate(self, currency: str, base: str) -> Decimal | None:
        return markets.rate(currency, base)

    async def _stream(self, listener: Listener) -> AsyncIterator[Event]:
        now = self._env.clock.now
        seen = now()
        yield HealthChange(state=self.health(), at=seen)
        while True:
            event = await listener.get()
            if event is Break.CLOSED:
                return
            if event is not Break.CUT:
                seen = now()
                yield event
                continue
            yield HealthChange(state=HealthState.DEGRADED, message="The event stream was cut.", at=now())
            await self._env.sleep(_RECONNECT_S)
            listener = self._desk.feed.subscribe()
            yield StreamGap(since=seen, until=now())
            yield HealthChange(state=self.health(), at=now())
