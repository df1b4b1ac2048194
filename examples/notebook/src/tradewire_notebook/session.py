"""One account's notebook, open."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from tradewire import (
    Absent,
    Accepted,
    BrokerPosition,
    CancelOutcome,
    ChildState,
    Env,
    Event,
    Execution,
    FindResult,
    Found,
    HealthChange,
    HealthState,
    Instrument,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    Quote,
    Rejected,
    RejectKind,
    Session,
    SubmitResult,
    Unhonoured,
)
from tradewire_notebook import pages, symbols
from tradewire_notebook.capabilities import CAPABILITIES
from tradewire_notebook.pages import Entry

#: What the keys of entries begin with in the account's storage.
ENTRY = "entry/"


class NotebookSession(Session):
    """Writes an order down before it says that it was accepted."""

    capabilities = CAPABILITIES

    def __init__(self, prices: Path, file: Path, currency: str, env: Env, entries: Sequence[Entry]) -> None:
        self._prices = prices
        self._file = file
        self._currency = currency
        self._env = env
        self._entries = {entry.client_id: entry for entry in entries}
        self._listeners: list[asyncio.Queue[Event | None]] = []
        self._writing = asyncio.Lock()
        self._number = max((entry.number for entry in entries), default=0)
        self._copied = True
        self._closed = False

    def health(self) -> HealthState:
        if self._closed:
            return HealthState.DOWN
        return HealthState.READY if self._copied else HealthState.DEGRADED

    async def close(self) -> None:
        self._closed = True
        for listener in self._listeners:
            listener.put_nowait(None)

    async def submit(self, order: OrderRequest) -> SubmitResult:
        async with self._writing:
            known = await self._known(order.client_id)
            if known is not None:
                return Accepted(broker_order_id=str(known.number))
            if order.order_type is not OrderType.MARKET:
                return Rejected(kind=RejectKind.OTHER, message="The notebook takes market orders only.")
            line = (await self._lines()).get(order.instrument.id)
            if line is None:
                said = f"{order.instrument.symbol} does not stand in {self._prices}."
                return Rejected(kind=RejectKind.UNKNOWN_SYMBOL, message=said)
            self._number += 1
            entry = Entry(
                number=self._number,
                client_id=order.client_id,
                instrument=order.instrument,
                side=order.side,
                quantity=order.quantity,
                price=line.price,
                at=self._env.clock.now(),
            )
            # Raised here it is UNKNOWN, and looked up: it may be on the disk all the same.
            await self._env.state.put({ENTRY + entry.client_id: msgspec.json.encode(entry)})
            self._entries[entry.client_id] = entry
        self._tell(_execution(entry))
        await self._copy(entry)
        return Accepted(broker_order_id=str(entry.number))

    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        return CancelOutcome.TOO_LATE if ref.client_id in self._entries else CancelOutcome.NOT_FOUND

    async def find(self, client_id: str, since: datetime) -> FindResult:
        async with self._writing:
            entry = await self._known(client_id)
        if entry is None:
            return Absent(proof="It does not stand in the notebook.", at=self._env.clock.now())
        return Found(order=_state(entry))

    async def open_orders(self) -> Sequence[OrderState]:
        return []

    async def executions(self, since: datetime) -> Sequence[Execution]:
        return [_execution(entry) for entry in self._entries.values() if entry.at >= since]

    async def positions(self) -> Sequence[BrokerPosition]:
        held: dict[str, Decimal] = {}
        for entry in self._entries.values():
            signed = entry.side.sign * entry.quantity
            held[entry.instrument.id] = held.get(entry.instrument.id, Decimal(0)) + signed
        return [BrokerPosition(instrument_id=one, quantity=held[one]) for one in held if held[one]]

    async def resolve(self, symbol: str) -> Sequence[Instrument]:
        line = (await self._lines()).get(symbols.ticker(symbol))
        return [] if line is None else [line.instrument]

    async def quote(self, instrument: Instrument) -> Quote | None:
        """What stands in the file is the price until something else stands there."""
        line = (await self._lines()).get(instrument.id)
        if line is None:
            return None
        return Quote(instrument_id=instrument.id, last=line.price, at=self._env.clock.now())

    def events(self) -> AsyncIterator[Event]:
        listener: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.append(listener)
        return self._listened(listener)

    async def _known(self, client_id: str) -> Entry | None:
        """What was written down under this id, be it without an answer."""
        if client_id not in self._entries:
            stored = await self._env.state.get(ENTRY + client_id)
            if stored is not None:
                self._entries[client_id] = msgspec.json.decode(stored, type=Entry)
        return self._entries.get(client_id)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener.put_nowait(event)

    async def _listened(self, listener: "asyncio.Queue[Event | None]") -> AsyncIterator[Event]:
        yield HealthChange(state=self.health(), at=self._env.clock.now())
        while (event := await listener.get()) is not None:
            yield event

    async def _lines(self) -> Mapping[str, symbols.Line]:
        """The price file as it is now; nothing, while it cannot be read."""
        try:
            return await asyncio.to_thread(symbols.read, self._prices, self._currency)
        except Unhonoured:
            return {}

    async def _copy(self, entry: Entry) -> None:
        """The copy for people. Without it the order stands all the same, and the next start repairs it."""
        try:
            await asyncio.to_thread(pages.append, self._file, entry)
        except OSError as error:
            self._copied = False
            said = f"The notebook {self._file} cannot be written: {error.strerror or error}."
            self._tell(HealthChange(state=self.health(), message=said, at=self._env.clock.now()))


def _execution(entry: Entry) -> Execution:
    return Execution(
        execution_id=entry.client_id,
        client_id=entry.client_id,
        broker_order_id=str(entry.number),
        instrument_id=entry.instrument.id,
        side=entry.side,
        quantity=entry.quantity,
        price=entry.price,
        currency=entry.instrument.currency,
        multiplier=entry.instrument.multiplier,
        at=entry.at,
    )


def _state(entry: Entry) -> OrderState:
    return OrderState(
        client_id=entry.client_id,
        broker_order_id=str(entry.number),
        instrument_id=entry.instrument.id,
        side=entry.side,
        quantity=entry.quantity,
        filled=entry.quantity,
        state=ChildState.FILLED,
    )
