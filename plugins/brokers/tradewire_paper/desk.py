"""One account's live trading: takes orders, fills them as time passes, stores first and tells afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, TypeVar

from msgspec.structs import replace

from tradewire import (
    EXTENDED_AFTER,
    Absent,
    Accepted,
    Balances,
    CancelOutcome,
    ChildState,
    Clock,
    Event,
    Execution,
    Found,
    HealthChange,
    HealthState,
    Instrument,
    OrderRequest,
    OrderType,
    OrderUpdate,
    Quote,
    Rejected,
    RejectKind,
    SessionCalendar,
    Struct,
    TimeInForce,
    exact,
    iso,
)
from tradewire_paper import admission, errors, margin, matching
from tradewire_paper.book import Book, entries
from tradewire_paper.config import Hours, PaperConfig
from tradewire_paper.faults import Fault, FaultKind, FaultScript
from tradewire_paper.feed import Feed
from tradewire_paper.markets import rate
from tradewire_paper.prices import STEP_S, Prices
from tradewire_paper.rows import Change, Order
from tradewire_paper.symbols import resolve

#: Seconds until filling is taken up again after storage has failed.
_RETRY_S = 1.0

Answer = TypeVar("Answer")


class World(Struct):
    """What a desk is lent: time, prices, calendars, and storage that has an entry on disk when it returns."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    calendar: Callable[[str], Awaitable[SessionCalendar]]
    put: Callable[[Mapping[str, bytes | None]], Awaitable[None]]
    prices: Prices


class Receipt(Struct):
    """The venue's answer to an order, and the fault (None: none) that it is delivered with."""

    result: Accepted | Rejected
    fault: FaultKind | None = None


class Desk:
    """One account at the venue. A change is stored, then applied, then told; one change at a time.

    `failure` is why it does not fill at the moment (None: it does); it tries again by itself.
    """

    def __init__(self, book: Book, config: PaperConfig, world: World, script: FaultScript) -> None:
        self.book = book
        self.feed = Feed()
        self.script = script
        self._config = config
        self._world = world
        self._terms = matching.Terms(
            slippage_bps=config.slippage_bps,
            fee_per_unit=config.fee_per_unit,
            fee_bps=config.fee_bps,
            pieces=config.partial_fills,
        )
        self._unknown = frozenset(
            known.id for name in config.unknown_symbols if (known := resolve(name)) is not None
        )
        self._latency = timedelta(milliseconds=config.latency_ms)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self.failure: BaseException | None = None
        self._work: set[asyncio.Task[Any]] = set()
        self._driver: asyncio.Task[None] | None = None
        self._revival: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to fill what is open; needs a running loop."""
        self._driver = asyncio.create_task(self._drive(), name="paper desk")
        self._driver.add_done_callback(self._stopped)

    async def close(self) -> None:
        for task in (self._driver, self._revival):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await asyncio.gather(*self._work, return_exceptions=True)
        self.feed.close()

    def resolve(self, symbol: str) -> Instrument | None:
        instrument = resolve(symbol)
        return None if instrument is None or instrument.id in self._unknown else instrument

    async def submit(self, request: OrderRequest) -> Receipt:
        receipt = await self._to_the_end(self._submit(request))
        if self._config.answer_ms:
            await self._world.sleep(self._config.answer_ms / 1000)
        return receipt

    async def cancel(self, client_id: str) -> CancelOutcome:
        return await self._to_the_end(self._cancel(client_id))

    async def _to_the_end(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Whoever asked may give up half-way; the book and its storage must not part over it."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return await asyncio.shield(task)

    async def _submit(self, request: OrderRequest) -> Receipt:
        async with self._lock:
            known = self.resolve(request.instrument.id)
            wrong = admission.faulty(self.book, request, known)
            if wrong is not None or known is None:
                return Receipt(result=wrong or errors.unknown_symbol(request.instrument.id))
            fault = self.script.next(request)
            if fault is not None and fault.kind.is_refusal:
                return Receipt(result=_refusal(fault), fault=fault.kind)
            order = await self._order(replace(request, instrument=known), fault)
            refused = await self._refused(order)
            if refused is not None:
                return Receipt(result=refused)
            if order.script is FaultKind.STREAM_DROP:
                self.feed.cut()
            await self._commit(Change(orders=(order,)))
            if order.script is FaultKind.FILL_BEFORE_ACK:
                await self._match(order)
        self._wake.set()
        return Receipt(result=Accepted(broker_order_id=order.broker_order_id), fault=order.script)

    async def _cancel(self, client_id: str) -> CancelOutcome:
        async with self._lock:
            order = self.book.orders.get(client_id)
            if order is None:
                return CancelOutcome.NOT_FOUND
            if not order.state.is_open:
                return CancelOutcome.TOO_LATE
            ended = matching.end(order, ChildState.CANCELLED)
            await self._commit(ended)
            if order.script is FaultKind.LATE_FILL_AFTER_CANCEL:
                await self._fill_late(ended.orders[0])
            return CancelOutcome.REQUESTED

    async def find(self, client_id: str) -> Found | Absent:
        """Proof either way: the look-up waits for whatever is being taken in."""
        # By way of a task as well, or it would overtake an order whose task has not begun.
        return await self._to_the_end(self._find(client_id))

    async def _find(self, client_id: str) -> Found | Absent:
        async with self._lock:
            order = self.book.orders.get(client_id)
            if order is not None:
                return Found(order=order.as_state())
            now = self._world.clock.now()
            return Absent(
                proof=f"The book, complete at {iso(now)}, has no order with client id {client_id}.", at=now
            )

    def executions(self, since: datetime) -> tuple[Execution, ...]:
        return tuple(trade.execution for trade in self.book.trades if trade.execution.at >= since)

    def quote(self, instrument: Instrument) -> Quote | None:
        return self._world.prices.quote(instrument, self._world.clock.now())

    def balances(self) -> Balances:
        power = margin.buying_power(self.book, self._value, self._config.leverage)
        return self.book.balances(margin.equity(self.book, self._value), power)

    async def _order(self, request: OrderRequest, fault: Fault | None) -> Order:
        now = self._world.clock.now()
        return Order(
            request=request,
            broker_order_id=f"P{len(self.book.orders) + 1:06d}",
            accepted_at=now,
            due=now + self._latency,
            expires_at=await self._day_end(request) if request.time_in_force is TimeInForce.DAY else None,
            script=fault.kind if fault else None,
        )

    async def _refused(self, order: Order) -> Rejected | None:
        instrument = order.instrument
        calendar = await self._calendar(instrument)
        now = self._world.clock.now()
        if calendar is not None and not _trades(order.request, calendar, now):
            opens = next((session.open for session in calendar.sessions if session.open > now), None)
            return errors.market_closed(instrument, opens)
        per_unit = rate(instrument.currency, self.book.currency)
        if per_unit is None:
            return errors.no_rate(instrument.currency, self.book.currency)
        quote = self.quote(instrument)
        if quote is None:
            return errors.no_price(instrument)
        return admission.unaffordable(
            self.book, order, quote, self._terms, per_unit, self._value, self._config.leverage
        )

    async def _match(self, order: Order) -> None:
        """Fill or end `order` as the present quote has it; nothing where it rests on."""
        now = self._world.clock.now()
        if order.expires_at is not None and now >= order.expires_at:
            await self._commit(matching.end(order, ChildState.EXPIRED, "The day is over."))
            return
        calendar = await self._calendar(order.instrument)
        if order.script is FaultKind.LATE_FILL_AFTER_CANCEL or (
            calendar and not _trades(order.request, calendar, now)
        ):
            return
        quote = self.quote(order.instrument)
        price = matching.price_for(order, quote, self._terms) if quote else None
        at_once = order.request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        if price is None:
            if at_once:
                ended = matching.end(order, ChildState.CANCELLED, "Nothing could be filled at once.")
                await self._commit(ended)
            return
        cut_short = order.script is FaultKind.PARTIAL_THEN_CANCEL
        quantity = matching.next_quantity(order, 2 if cut_short else self._terms.pieces)
        change = self._fill(order, quantity, price, now)
        after = replace(change.orders[0], due=now + self._latency)
        if after.state.is_open and (at_once or cut_short):
            after = replace(after, state=ChildState.CANCELLED, message="The venue cancelled the rest.")
        await self._commit(replace(change, orders=(after,)))

    async def _fill_late(self, order: Order) -> None:
        quote = self.quote(order.instrument)
        market = replace(order, request=replace(order.request, limit_price=None))
        price = order.request.limit_price or (
            matching.price_for(market, quote, self._terms) if quote else None
        )
        if price is not None:
            quantity = matching.next_quantity(order, 2)
            await self._commit(self._fill(order, quantity, price, self._world.clock.now()))

    def _fill(self, order: Order, quantity: Decimal, price: Decimal, now: datetime) -> Change:
        per_unit = rate(order.instrument.currency, self.book.currency) or Decimal(1)
        return matching.fill(self.book, order, quantity, price, self._terms, per_unit, now)

    async def _commit(self, change: Change) -> None:
        await self._world.put(entries(change))
        self.book.apply(change)
        order = change.orders[0]
        events: list[Event] = [trade.execution for trade in change.trades]
        events.append(OrderUpdate(order=order.as_state(), at=self._world.clock.now()))
        self.feed.tell(order, events)

    def _stopped(self, driver: asyncio.Task[None]) -> None:
        self.failure = None if driver.cancelled() else driver.exception()
        if self.failure is not None:
            self._tell_health(HealthState.DOWN, f"The paper account cannot go on: {self.failure}.")
            self._revival = asyncio.create_task(self._revive())

    async def _revive(self) -> None:
        await self._world.sleep(_RETRY_S)
        self.failure = None
        self.start()
        self._tell_health(HealthState.READY, "The paper account goes on.")

    def _tell_health(self, state: HealthState, message: str) -> None:
        self.feed.publish(HealthChange(state=state, message=message, at=self._world.clock.now()))

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            await self._pause(await self._match_due())

    async def _match_due(self) -> float | None:
        """Match what is due; the seconds until there may be more to do (None: when an order comes)."""
        for client_id in [order.client_id for order in self.book.open_orders()]:
            async with self._lock:
                order = self.book.orders[client_id]
                if order.state.is_open and order.due <= self._world.clock.now():
                    await self._match(order)
        left = self.book.open_orders()
        if not left:
            return None
        now = self._world.clock.now()
        waits = [(order.due - now).total_seconds() for order in left]
        return min([wait for wait in waits if wait > 0], default=float(STEP_S))

    async def _pause(self, seconds: float | None) -> None:
        waits: set[asyncio.Future[object]] = {asyncio.ensure_future(self._wake.wait())}
        if seconds is not None:
            waits.add(asyncio.ensure_future(self._world.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _calendar(self, instrument: Instrument) -> SessionCalendar | None:
        """The sessions that bind an order; None round the clock."""
        if self._config.hours is Hours.ALWAYS or instrument.calendar == "24/7":
            return None
        return await self._world.calendar(instrument.calendar)

    async def _day_end(self, request: OrderRequest) -> datetime:
        """The close of the session, or midnight UTC where trading never closes."""
        now = self._world.clock.now()
        calendar = await self._calendar(request.instrument)
        close = calendar.next_close(now) if calendar else None
        if calendar and request.extended_hours:
            ends = (session.close + EXTENDED_AFTER for session in calendar.sessions)
            close = next((end for end in ends if end > now), None)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        # An order of the day's last moment still gets its one chance to fill.
        return close or max(midnight, now + self._latency + timedelta(seconds=STEP_S))

    def _value(self, instrument: Instrument) -> Decimal:
        quote = self.quote(instrument)
        mid = quote.mid if quote else None
        held = self.book.holdings.get(instrument.id)
        price = mid if mid is not None else (held.average_price if held else Decimal(0))
        with localcontext(exact()):
            return (
                price * instrument.multiplier * (rate(instrument.currency, self.book.currency) or Decimal(1))
            )


def _trades(request: OrderRequest, calendar: SessionCalendar, now: datetime) -> bool:
    """Whether the venue trades such an order now."""
    is_extended = request.extended_hours and request.order_type is OrderType.LIMIT
    return calendar.is_open(now) or (is_extended and calendar.is_extended(now))


def _refusal(fault: Fault) -> Rejected:
    if fault.kind is FaultKind.TOO_MANY_REQUESTS:
        return Rejected(kind=RejectKind.RATE_LIMITED, message="Too many requests; the order was not taken.")
    return Rejected(kind=fault.reject, message=fault.message)
