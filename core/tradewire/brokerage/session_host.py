"""One account's session: opened, compared, kept, and opened again when it breaks."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

import structlog

from tradewire.brokerage import by_hand, decisions, queries
from tradewire.brokerage.cancels import Cancels
from tradewire.brokerage.comparison import Comparison
from tradewire.brokerage.env import SessionEnv
from tradewire.brokerage.fenced_reports import store_heard
from tradewire.brokerage.listening import Listening
from tradewire.brokerage.look_ups import LookUps
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.market_view import Want, WantKind
from tradewire.brokerage.marks import Publish
from tradewire.brokerage.outcomes import After
from tradewire.brokerage.reports import StoredReports
from tradewire.brokerage.sender import Sender
from tradewire.brokerage.tenure import FencedStore, LeaseLost, Tenure
from tradewire.brokerage.turns import Turns
from tradewire.brokerage.wants import Wants
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.broker import (
    AccountConfig,
    Broker,
    Execution,
    HealthChange,
    HealthState,
    OrderUpdate,
    Session,
)
from tradewire.contract.errors import Unhonoured
from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.observer import UNOBSERVED, Observer, Stage
from tradewire.domain.order import ChildOrder
from tradewire.security.redaction import redact_text
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
#: Well below the time for which an order waits for its account.
LONGEST_PAUSE_S = 10.0
#: An account that has not opened after so long is tried again.
OPEN_S = 60.0
#: The marks of what is held are fetched again so often.
MARKS_S = 15.0
#: Streams lose events without a sign, so orders and executions are asked for so often all the same.
RECHECK_S = 30.0
#: A session that has not closed after so long is left behind.
CLOSE_S = 5.0

_USABLE = (HealthState.READY, HealthState.DEGRADED)


class SessionHost:
    """Runs on the I/O loop; every method is called there."""

    def __init__(
        self,
        broker: Callable[[], Broker],
        config: AccountConfig,
        env: SessionEnv,
        tenure: Tenure,
        store: Store,
        clock: Clock,
        calendars: CalendarShelf,
        settings: Settings,
        memory: MarketMemory,
        ring: Callable[[], None],
        observer: Observer = UNOBSERVED,
        publish: Publish | None = None,
        turns: Turns | None = None,
    ) -> None:
        """`publish` is told every price, where other processes are to know them; `turns` are those of this
        process."""
        self._broker = broker
        self._config = config
        self._env = env
        self._tenure = tenure
        self._store = store
        self._fenced = FencedStore(store, tenure)
        self._clock = clock
        self._calendars = calendars
        self._settings = settings
        self._memory = memory
        self._ring = ring
        self._publish = publish
        self._turns = turns or Turns()
        self._observer = observer
        self._standing = memory.standing(config.id)
        self.session: Session | None = None
        self._sender: Sender | None = None
        self._look_ups: LookUps | None = None
        self._wants: Wants | None = None
        self._cancels: Cancels | None = None
        self._comparison: Comparison | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._pause = FIRST_PAUSE_S
        self._is_stopping = False
        self._background: set[asyncio.Task[None]] = set()
        self._comparing = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled: open, serve, and after a break open again, with growing pauses."""
        while True:
            try:
                await self._one_session()
            except Unhonoured as error:
                self._down(str(error))
            except StoreUnavailable as error:
                self._down(f"waiting for the database: {error}")
            except Exception as error:  # noqa: BLE001 - whatever a broker's SDK raises, it is tried again
                self._down(f"not connected: {type(error).__name__}: {error}")
            pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    def send(self, children: Sequence[ChildOrder]) -> None:
        if self._sender is not None and self._standing.ready:
            for child in children:
                self._sender.send(child)

    def resend(self) -> None:
        """Send what is stored and was not handed over, because a hand-over was lost."""
        if self._standing.ready:
            self._spawn(self._send_waiting())

    def cancel(self, child: ChildOrder) -> None:
        """Have it cancelled; without a session that is done after the next comparison."""
        if self._cancels is not None:
            self._cancels.ask(child)

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
        self._is_stopping = True
        self._standing.ready = False
        if self._sender is not None:
            await self._sender.finish(seconds)

    async def decide(self) -> None:
        """Apply what a person has decided on this account's orders."""
        try:
            for decision in await self._store.read(partial(decisions.waiting, account_id=self._config.id)):
                async with self._turns.reporting(self._config.id):
                    applied = await self._fenced.write(
                        partial(by_hand.apply, decision=decision, now=self._clock.now())
                    )
                self._after(decision.client_id, applied.after)
                self._follow(applied.stored)
        except (StoreUnavailable, LeaseLost) as error:
            log.warning("A decision waits.", account=self._config.name, why=str(error))

    async def apply(self, reports: Sequence[Execution | OrderUpdate]) -> None:
        """Store reports; never lost for want of a database, and executions that are missing are fetched."""
        if reports:
            crashpoint("report.received")
        while True:
            try:
                async with self._turns.reporting(self._config.id):
                    with self._observer.timed(Stage.REPORT):
                        stored = await store_heard(
                            self._store, self._fenced, self._config.id, reports, self._clock.now()
                        )
                break
            except StoreUnavailable as error:
                log.error("Reports wait for the database.", account=self._config.name, error=str(error))
                await asyncio.sleep(FIRST_PAUSE_S)
        if reports:
            crashpoint("report.stored")
        self._follow(stored)

    def _follow(self, stored: StoredReports) -> None:
        if stored.awaiting and self._comparison is not None:
            self._fetch(self._comparison)
        if stored.due or stored.fills:
            self._ring()

    async def _one_session(self) -> None:
        self._standing.why_not = "connecting"
        session = self.session = await self._opened()
        self._serve(session)
        listening = Listening(
            self._config.name,
            session,
            apply=self.apply,
            on_health=partial(self._health, session),
            on_gap=partial(self._compare, session),
        )
        listener = asyncio.create_task(listening.run())
        loops = [asyncio.create_task(loop) for loop in (self._keep_marks(), self._recheck(session))]
        try:
            await self._compare(session)
            await listener
            self._down("disconnected: its event stream ended")
        finally:
            self._standing.ready = False
            tasks = (listener, *loops, *self._background)
            for task in tasks:
                task.cancel()
            await self._unserve()
            await asyncio.wait(tasks, timeout=CLOSE_S)
            await self._close(session)

    async def _opened(self) -> Session:
        try:
            async with asyncio.timeout(OPEN_S):
                return await self._broker().open(self._config, self._env)
        except TimeoutError:
            raise ConnectionError(f"The broker did not open the account within {OPEN_S:.0f} s.") from None

    def _serve(self, session: Session) -> None:
        config, settings = self._config, self._settings.engine
        self._standing.capabilities = session.capabilities
        self._sender = Sender(
            self._fenced,
            self._clock,
            session,
            self._tenure,
            settings,
            self._after,
            config.name,
            self._observer,
        )
        self._look_ups = LookUps(self._fenced, self._clock, session, settings, self.apply, self._after)
        self._cancels = Cancels(self._fenced, session, self._tenure, settings, self._look_ups, self._after)
        self._wants = Wants(
            config.id,
            session,
            self._memory,
            self._calendars,
            self._settings.base_currency,
            self._ring,
            self._publish,
        )
        self._comparison = Comparison(
            config,
            self._fenced,
            self._clock,
            session,
            settings,
            self._standing,
            self._look_ups,
            self.apply,
            self._after,
        )

    async def _unserve(self) -> None:
        for part in (self._look_ups, self._cancels, self._wants):
            if part is not None:
                part.stop()
        if self._sender is not None:
            await self._sender.finish(0)
        self._sender = self._look_ups = self._wants = self._cancels = self._comparison = None
        self.session = None

    async def _close(self, session: Session) -> None:
        """Whatever closing does, it neither hides why the session ended nor keeps Tradewire from stopping."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await session.close()
        except Exception as error:  # noqa: BLE001 - the session is over all the same
            log.warning(
                "A session did not close.",
                account=self._config.name,
                error=f"{type(error).__name__}: {error}",
            )

    async def _compare(self, session: Session) -> None:
        """What is open, executed and held there, against what is stored; nothing new is sent meanwhile."""
        comparison, sender = self._comparison, self._sender
        if comparison is None or sender is None:
            return
        async with self._comparing:
            self._standing.ready = False
            for instrument in await self._store.read(
                partial(queries.known_instruments, account_id=self._config.id)
            ):
                self._memory.instruments[(self._config.id, instrument.id)] = instrument
            await comparison.everything(sender.in_flight)
            self._pause = FIRST_PAUSE_S
            health = session.health()
            if health not in _USABLE:
                # The session says when it can be used, and is compared again then.
                self._down(health.value.replace("_", " "))
                return
            if self._is_stopping:
                return
            self._standing.ready = True
            self._standing.why_not = ""
        log.info("The account is connected and compared.", account=self._config.name)
        self._ring()
        await self._send_waiting()
        await self._cancel_waiting()

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

    async def _cancel_waiting(self) -> None:
        """Ask for the cancels that did not come about: nobody may have asked the broker, where their plan was
        stored and its answer lost."""
        for child in await self._store.read(partial(queries.being_cancelled, account_id=self._config.id)):
            self.cancel(child)

    def _fetch(self, comparison: Comparison) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = self._spawn(comparison.until_executions_are_there())

    async def _recheck(self, session: Session) -> None:
        """What no event tells of: fills that a stream lost, cancels that nobody asked for, and a comparison
        that could not be finished."""
        while True:
            await asyncio.sleep(RECHECK_S)
            if self._comparing.locked() or self._comparison is None:
                continue
            if self._standing.ready:
                async with self._comparing:
                    await _logged(self._comparison.orders())
                await _logged(self._cancel_waiting())
            elif session.health() in _USABLE:
                await _logged(self._compare(session))

    async def _keep_marks(self) -> None:
        while True:
            await asyncio.sleep(MARKS_S)
            await _logged(self._refresh_marks())

    async def _refresh_marks(self) -> None:
        account_id = self._config.id
        for instrument_id in await self._store.read(partial(queries.held_instruments, account_id=account_id)):
            self.want(Want(kind=WantKind.QUOTE, account_id=account_id, key=instrument_id))
        for currency in await self._store.read(partial(queries.currencies, account_id=account_id)):
            self.want(Want(kind=WantKind.RATE, account_id=account_id, key=currency))

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        # Cancelled before it began, the work would be reported as forgotten.
        task.add_done_callback(lambda _: work.close())
        return task

    def _down(self, said: str) -> None:
        why = redact_text(said)
        if self._standing.why_not != why:
            log.warning("The account is not ready.", account=self._config.name, why=why)
        self._standing.ready = False
        self._standing.why_not = why
        self._ring()


async def _logged(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - the sweeper and the next comparison do it again
        log.warning("A broker session's task failed.", error=f"{type(error).__name__}: {error}")
