"""One account's session: opened, compared, kept, and opened again when it breaks."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial

import structlog

from tradewire.brokerage import queries, reconcile
from tradewire.brokerage.env import SessionEnv
from tradewire.brokerage.look_ups import LookUps
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.outcomes import After, resolved_reports, store_lost, store_resolved_absent
from tradewire.brokerage.release import Lease
from tradewire.brokerage.reports import Stored, store_reports
from tradewire.brokerage.sender import Sender
from tradewire.brokerage.wants import Wants
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.broker import (
    AccountConfig,
    Broker,
    CancelOutcome,
    Execution,
    HealthChange,
    HealthState,
    OrderRef,
    OrderUpdate,
    Session,
    StreamGap,
)
from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.domain.order import ChildOrder
from tradewire.engine.account_view import Want, WantKind
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
#: Executions are asked for from so much before the last one that is stored.
OVERLAP = timedelta(hours=1)
#: A difference of positions is looked at again after these pauses before it counts.
COMPARE_PAUSES_S = (0.2, 1.0, 2.0)
#: The marks of what is held are fetched again so often.
MARKS_S = 15.0


class SessionHost:
    """Runs on the I/O loop; every method is called there."""

    def __init__(
        self,
        broker: Callable[[], Broker],
        config: AccountConfig,
        env: SessionEnv,
        lease: Lease,
        store: Store,
        clock: Clock,
        calendars: CalendarShelf,
        settings: Settings,
        memory: MarketMemory,
        ring: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._config = config
        self._env = env
        self._lease = lease
        self._store = store
        self._clock = clock
        self._calendars = calendars
        self._settings = settings
        self._memory = memory
        self._ring = ring
        self._standing = memory.standing(config.id)
        self.session: Session | None = None
        self._sender: Sender | None = None
        self._look_ups: LookUps | None = None
        self._wants: Wants | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._comparing = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled: open, serve, and after a break open again, with growing pauses."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._one_session()
                pause = FIRST_PAUSE_S
            except Unhonoured as error:
                self._down(str(error))
            except StoreUnavailable as error:
                self._down(f"waiting for the database: {error}")
            except Exception as error:  # noqa: BLE001 - whatever a broker's SDK raises, it is tried again
                self._down(f"not connected: {type(error).__name__}: {error}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def send(self, children: Sequence[ChildOrder]) -> None:
        if self._sender is not None and self._standing.ready:
            for child in children:
                self._sender.send(child)

    def take_over(self, lease: Lease) -> None:
        """Go on under a new lease, after the old one ran out: nothing is sent before comparing again."""
        self._lease = lease
        self._standing.ready = False
        if self.session is not None:
            self._spawn(self._compare(self.session))

    def resend(self) -> None:
        """Send what is stored and was not handed over, because a hand-over was lost."""
        if self._standing.ready:
            self._spawn(self._send_waiting())

    def cancel(self, child: ChildOrder) -> None:
        self._spawn(self._cancel(child))

    def want(self, want: Want) -> None:
        if self._wants is not None:
            self._wants.ask(want)
        else:
            self._memory.miss(want)

    def expect(self, symbol: str) -> None:
        if self._wants is not None and self._standing.ready:
            self._spawn(self._wants.expect(symbol))

    async def stop(self, seconds: float) -> None:
        """Take nothing more, let submissions end, close."""
        self._standing.ready = False
        if self._sender is not None:
            await self._sender.finish(seconds)

    async def resolve(self, client_id: str, filled: tuple[Decimal, Decimal] | None) -> None:
        """Apply a person's decision on an UNKNOWN order: absent, or filled as (quantity in all, price)."""
        if filled is None:
            self._after(
                client_id, await self._store.write(partial(store_resolved_absent, client_id=client_id))
            )
            return
        quantity, price = filled
        reports = await self._store.read(
            partial(
                resolved_reports,
                client_id=client_id,
                quantity=quantity,
                price=price,
                now=self._clock.now(),
            )
        )
        if reports:
            await self.apply(reports)

    async def apply(self, reports: Sequence[Execution | OrderUpdate]) -> None:
        """Store reports; never lost for want of a database, and executions that are missing are fetched."""
        while True:
            try:
                stored: Stored = await self._store.write(
                    partial(store_reports, account_id=self._config.id, reports=reports, now=self._clock.now())
                )
                break
            except StoreUnavailable as error:
                log.error("Reports wait for the database.", account=self._config.name, error=str(error))
                await asyncio.sleep(FIRST_PAUSE_S)
        if stored.awaiting:
            self._spawn(self._fetch_executions())
        if stored.due or stored.fills:
            self._ring()

    async def _one_session(self) -> None:
        self._standing.why_not = "connecting"
        session = await self._broker().open(self._config, self._env)
        self.session = session
        pump = asyncio.create_task(self._pump(session))
        marks = asyncio.create_task(self._refresh_marks())
        try:
            self._serve(session)
            await self._compare(session)
            await pump
            self._down("disconnected: its event stream ended")
        finally:
            self._standing.ready = False
            for task in (pump, marks, *self._background):
                task.cancel()
            if self._look_ups is not None:
                self._look_ups.stop()
            if self._wants is not None:
                self._wants.stop()
            if self._sender is not None:
                await self._sender.finish(0)
            self.session = self._sender = self._look_ups = self._wants = None
            await session.close()

    def _serve(self, session: Session) -> None:
        self._standing.capabilities = session.capabilities
        settings = self._settings.engine
        self._sender = Sender(self._store, self._clock, session, lambda: self._lease, settings, self._after)
        self._look_ups = LookUps(self._store, self._clock, session, settings, self.apply, self._after)
        self._wants = Wants(
            self._config.id,
            session,
            self._memory,
            self._calendars,
            self._settings.base_currency,
            self._ring,
        )

    async def _compare(self, session: Session) -> None:
        """What is open, executed and held there, against what is stored; nothing new is sent meanwhile."""
        async with self._comparing:
            self._standing.ready = False
            await self._compare_orders(session)
            await self._compare_positions(session)
            balances = await session.balances()
            self._standing.equity = balances.equity if balances is not None else None
            self._standing.ready = True
            self._standing.why_not = ""
        log.info("The account is connected and compared.", account=self._config.name)
        self._ring()
        await self._send_waiting()
        for child in await self._store.read(partial(queries.being_cancelled, account_id=self._config.id)):
            self.cancel(child)

    async def _compare_orders(self, session: Session) -> None:
        account_id = self._config.id
        for instrument in await self._store.read(partial(queries.known_instruments, account_id=account_id)):
            self._memory.instruments[(account_id, instrument.id)] = instrument
        keep = frozenset(self._sender.in_flight) if self._sender is not None else frozenset()
        unknown = await self._store.write(
            partial(store_lost, account_id=account_id, keep=keep, now=self._clock.now())
        )
        orders = await session.open_orders()
        await self._fetch_executions()
        await self.apply([OrderUpdate(order=order, at=self._clock.now()) for order in orders])
        gone = await self._store.read(partial(queries.gone, account_id=account_id, orders=orders))
        for client_id in (*unknown, *gone):
            if self._look_ups is not None:
                after = await self._look_ups.once(client_id)
                self._after(client_id, After(look_up=client_id in unknown) if after is None else after)
        self._standing.foreign = await self._store.read(
            partial(reconcile.foreign_orders, account_id=account_id, orders=orders)
        )

    async def _compare_positions(self, session: Session) -> None:
        """A fill may come between two questions, so a difference counts only when it stays the same."""
        account_id = self._config.id
        standing: tuple[reconcile.Drift, ...] | None = None
        for pause in COMPARE_PAUSES_S:
            held = await session.positions()
            found = await self._store.read(partial(reconcile.drifts, account_id=account_id, held=held))
            standing = tuple(one for one in found if standing is None or one in standing)
            if not standing:
                break
            await asyncio.sleep(pause)
            await self._fetch_executions()
        drifts = await self._store.write(
            partial(
                reconcile.store_compared,
                account_id=account_id,
                held=await session.positions(),
                standing=standing or (),
                now=self._clock.now(),
            )
        )
        for drift in drifts:
            log.error("The broker's position drifted; the account is halted.", instrument=drift.instrument_id)

    async def _pump(self, session: Session) -> None:
        """Store what the session tells, in its order and as many at once as have come in."""
        arrived: asyncio.Queue[Execution | OrderUpdate | None] = asyncio.Queue()
        storing = asyncio.create_task(self._store_arrivals(arrived))
        try:
            async for event in session.events():
                if storing.done():
                    break
                if isinstance(event, Execution | OrderUpdate):
                    arrived.put_nowait(event)
                elif isinstance(event, HealthChange):
                    await self._health(session, event)
                elif isinstance(event, StreamGap):
                    log.warning("Events may have been missed; comparing.", account=self._config.name)
                    await self._compare(session)
            arrived.put_nowait(None)
            await storing
        finally:
            storing.cancel()

    async def _store_arrivals(self, arrived: "asyncio.Queue[Execution | OrderUpdate | None]") -> None:
        while True:
            batch = [await arrived.get()]
            while not arrived.empty():
                batch.append(arrived.get_nowait())
            reports = [report for report in batch if report is not None]
            if reports:
                await self.apply(reports)
            if None in batch:
                return

    async def _health(self, session: Session, change: HealthChange) -> None:
        if change.state is HealthState.READY:
            if not self._standing.ready and not self._comparing.locked():
                await self._compare(session)
        elif change.state is not HealthState.DEGRADED:
            self._down(change.message or change.state.value.replace("_", " "))

    def _after(self, client_id: str, after: After) -> None:
        if after.look_up and self._look_ups is not None:
            self._look_ups.start(client_id)
        if after.send:
            self._spawn(self._send_waiting())
        if after.due:
            self._ring()

    async def _send_waiting(self) -> None:
        """Send what is stored as NEW: left by an earlier life, or found never to have arrived."""
        self.send(await self._store.read(partial(queries.unsent, account_id=self._config.id)))

    async def _cancel(self, child: ChildOrder) -> None:
        """Ask until it is clear that the broker was asked; the order's end comes as a report."""
        current: ChildOrder | None = child
        while current is not None and self.session is not None:
            outcome = await self._ask_cancel(self.session, current)
            if outcome is CancelOutcome.REQUESTED:
                return
            # Too late, not found or unclear: the order itself says what became of it.
            if self._look_ups is not None:
                await self._look_ups.once(child.client_id)
            await asyncio.sleep(self._settings.engine.lookup_base_s)
            current = await self._store.read(partial(queries.open_child, client_id=child.client_id))

    async def _ask_cancel(self, session: Session, child: ChildOrder) -> CancelOutcome:
        ref = OrderRef(
            client_id=child.client_id,
            broker_order_id=child.broker_order_id,
            instrument_id=child.instrument_id,
        )
        try:
            return await asyncio.wait_for(session.cancel(ref), self._settings.engine.submit_timeout_s)
        except Exception as error:  # noqa: BLE001 - a cancel that may not have arrived is asked for again
            log.warning("A cancel failed.", order=child.client_id, error=f"{type(error).__name__}: {error}")
            return CancelOutcome.UNKNOWN

    async def _fetch_executions(self) -> None:
        session = self.session
        if session is None:
            return
        last = await self._store.read(partial(reconcile.last_fill_at, account_id=self._config.id))
        since = last - OVERLAP if last is not None else self._clock.now() - timedelta(days=1)
        await self.apply(await session.executions(since))

    async def _refresh_marks(self) -> None:
        account_id = self._config.id
        while True:
            await asyncio.sleep(MARKS_S)
            for instrument_id in await self._store.read(
                partial(queries.held_instruments, account_id=account_id)
            ):
                self.want(Want(kind=WantKind.QUOTE, account_id=account_id, key=instrument_id))
            for currency in await self._store.read(partial(queries.currencies, account_id=account_id)):
                self.want(Want(kind=WantKind.RATE, account_id=account_id, key=currency))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _down(self, why: str) -> None:
        if self._standing.why_not != why:
            log.warning("The account is not ready.", account=self._config.name, why=why)
        self._standing.ready = False
        self._standing.why_not = why
        self._ring()


async def _logged(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - the sweeper and the next comparison do it again
        log.warning("A broker session's task failed.", error=f"{type(error).__name__}: {error}")
