"""A paper account without Tradewire: a clock that stands still, state in memory that outlives sessions."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tradewire import (
    AccountConfig,
    AccountMode,
    OrderRequest,
    OrderType,
    Session,
    SessionCalendar,
    Side,
    TimeInForce,
    TradingSession,
)
from tradewire.testing import FakeClock
from tradewire_paper.paper import PaperBroker
from tradewire_paper.symbols import resolve

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LATENCY_S = 0.005


class MemoryState:
    """Counts transactions, so that a test can say what was stored together."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.transactions: list[Mapping[str, bytes | None]] = []
        self.full = False
        self.pause = 0

    async def get(self, key: str) -> bytes | None:
        return self.entries.get(key)

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return {key: value for key, value in self.entries.items() if key.startswith(prefix)}

    async def put(self, entries: Mapping[str, bytes | None]) -> None:
        if self.full:
            raise OSError("the disk is full")
        await turns(self.pause)
        self.transactions.append(dict(entries))
        for key, value in entries.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value


class PaperEnv:
    """What core lends to a session; XNYS is open from 14:30 to 21:00 UTC on the day of `START`."""

    def __init__(self, clock: FakeClock | None = None, state: MemoryState | None = None) -> None:
        self.clock = clock or FakeClock(START)
        self.state = state or MemoryState()

    async def calendar(self, name: str) -> SessionCalendar:
        day = TradingSession(open=START, close=START + timedelta(hours=6, minutes=30))
        return SessionCalendar(
            name=name, sessions=(day,), first=START - timedelta(days=3), last=START + timedelta(days=3)
        )

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


class RealEnv(PaperEnv):
    """The same in real time, for a venue that is a process of its own."""

    def __init__(self, state: MemoryState | None = None) -> None:
        super().__init__(state=state)
        self.clock = RealClock()  # type: ignore[assignment]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


async def open_paper(env: PaperEnv, currency: str = "USD", **config: Any) -> Session:
    """A session with prices that stand still unless `config` says otherwise."""
    values = {"volatility": 0, **config}
    account = AccountConfig(
        id="acct", name="paper", mode=AccountMode.PAPER, currency=currency, config=values, credentials={}
    )
    return await PaperBroker().open(account, env)


def order(
    client_id: str = "c1",
    side: Side = Side.BUY,
    quantity: str = "10",
    symbol: str = "AAPL",
    limit: str | None = None,
    tif: TimeInForce = TimeInForce.GTC,
    **more: Any,
) -> OrderRequest:
    instrument = resolve(symbol)
    assert instrument is not None
    return OrderRequest(
        client_id=client_id,
        instrument=instrument,
        side=side,
        quantity=Decimal(quantity),
        order_type=more.pop("order_type", OrderType.LIMIT if limit else OrderType.MARKET),
        limit_price=Decimal(limit) if limit else None,
        time_in_force=tif,
        **more,
    )


async def turns(count: int = 50) -> None:
    """Let everything run that can run without time passing."""
    for _ in range(count):
        await asyncio.sleep(0)


async def pass_time(env: PaperEnv, seconds: float = LATENCY_S) -> None:
    await turns()
    env.clock.advance(seconds)
    await turns()


class Recorder:
    """Keeps every event of a session from its construction on."""

    def __init__(self, session: Session) -> None:
        self.events: list[Any] = []
        self._more = asyncio.Event()
        self._stream = session.events()
        self.task = asyncio.create_task(self._record())

    async def _record(self) -> None:
        async for event in self._stream:
            self.events.append(event)
            self._more.set()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, done: Callable[["Recorder"], bool]) -> None:
        """Real time only: wait until `done`, ten seconds at most."""
        async with asyncio.timeout(60):
            while not done(self):
                self._more.clear()
                await self._more.wait()
