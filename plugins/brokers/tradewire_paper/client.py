"""The session to a venue process: orders and look-ups over HTTP, what happens over a WebSocket."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TypeVar

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
    HealthState,
    Inconclusive,
    Instrument,
    OrderRef,
    OrderRequest,
    OrderState,
    Quote,
    Rejected,
    RejectKind,
    Session,
    SubmitResult,
    Unknown,
    iso,
)
from tradewire_paper import answers, wire
from tradewire_paper.calls import CallFailed, Calls
from tradewire_paper.capabilities import capabilities_of
from tradewire_paper.config import PaperConfig
from tradewire_paper.stream import Stream

_EPOCH = "epoch"
_ATTEMPTS = 1 << 32

Body = TypeVar("Body", bound=msgspec.Struct)


async def connect(account: AccountConfig, config: PaperConfig, env: Env) -> "RemoteSession":
    """A session that connects by itself once the venue is there. Raises `Unhonoured` for a bad URL."""
    calls = Calls(config.url or "", config.timeout_s)
    stored = await env.state.get(_EPOCH)
    epoch = 1 if stored is None else msgspec.json.decode(stored, type=int) + 1
    await env.state.put({_EPOCH: msgspec.json.encode(epoch)})
    return RemoteSession(account, config, env, epoch, calls)


class RemoteSession(Session):
    """One account at a venue process. What is not a parsed answer is `Unknown` or `Inconclusive`.

    `open_orders`, `executions`, `positions` and `resolve` have no such answer and raise `ConnectionError`
    instead, since an empty one would be a lie. `epoch` numbers the sessions of an account.
    """

    def __init__(
        self, account: AccountConfig, config: PaperConfig, env: Env, epoch: int, calls: Calls
    ) -> None:
        self.capabilities = capabilities_of(config.hours)
        self._account = config.venue_account or account.name
        self._attempt = epoch * _ATTEMPTS
        self._calls = calls
        opening = wire.OpenAccount(
            account=self._account, currency=account.currency, starting_cash=config.starting_cash
        )
        self._stream = Stream(calls, opening, config.timeout_s, env)

    def health(self) -> HealthState:
        return self._stream.state

    async def close(self) -> None:
        await self._stream.close()
        self._calls.close()

    async def submit(self, order: OrderRequest) -> SubmitResult:
        self._attempt += 1
        body = wire.Submit(account=self._account, attempt=self._attempt, order=order)
        try:
            await self._stream.open_account()
            reply = await self._calls.post("/orders", msgspec.json.encode(body))
        except ConnectionError as problem:
            return Unknown(cause=str(problem))
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Rejected(kind=RejectKind.RATE_LIMITED, message="The venue takes no more orders just now.")
        return answers.to_submit(reply)

    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        body = wire.Cancel(account=self._account, client_id=ref.client_id)
        try:
            reply = await self._calls.post("/cancel", msgspec.json.encode(body))
        except CallFailed:
            return CancelOutcome.UNKNOWN
        answer = answers.parse(reply, wire.Cancelled)
        return CancelOutcome.UNKNOWN if answer is None else answer.outcome

    async def find(self, client_id: str, since: datetime) -> FindResult:
        query = {"account": self._account, "client_id": client_id, "fence": str(self._attempt)}
        try:
            reply = await self._calls.get("/order", **query)
        except CallFailed as problem:
            return Inconclusive(cause=str(problem))
        return answers.to_find(reply)

    async def open_orders(self) -> Sequence[OrderState]:
        return (await self._get("/orders", wire.Orders)).orders

    async def executions(self, since: datetime) -> Sequence[Execution]:
        return (await self._get("/executions", wire.Executions, since=iso(since))).executions

    async def positions(self) -> Sequence[BrokerPosition]:
        return (await self._get("/positions", wire.Positions)).positions

    async def resolve(self, symbol: str) -> Sequence[Instrument]:
        return (await self._get("/resolve", wire.Instruments, symbol=symbol)).instruments

    def events(self) -> AsyncIterator[Event]:
        return self._stream.events()

    async def quote(self, instrument: Instrument) -> Quote | None:
        try:
            return (await self._get("/quote", wire.Quoted, symbol=instrument.id)).quote
        except ConnectionError:
            return None

    async def balances(self) -> Balances | None:
        try:
            return await self._get("/balances", Balances)
        except ConnectionError:
            return None

    async def rate(self, currency: str, base: str) -> Decimal | None:
        try:
            return (await self._get("/rate", wire.Rate, currency=currency, base=base)).rate
        except ConnectionError:
            return None

    async def _get(self, path: str, answer: type[Body], **query: str) -> Body:
        try:
            await self._stream.open_account()
            reply = await self._calls.get(path, account=self._account, **query)
        except CallFailed as problem:
            raise ConnectionError(f"The paper venue did not answer: {problem}.") from problem
        body = answers.parse(reply, answer)
        if body is None:
            raise ConnectionError(f"The paper venue answered {path} with {reply.status} and no usable body.")
        return body
