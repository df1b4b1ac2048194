"""The engine of one process put together: jobs, bells, sessions, sweeper."""

from datetime import timedelta
from functools import partial

import msgspec
import structlog

from tradewire.brokerage import marks
from tradewire.brokerage.account_state import AccountState
from tradewire.brokerage.desk import BrokerDesk
from tradewire.brokerage.env import SessionEnv
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.market_view import SeenQuote, Want, WantKind
from tradewire.brokerage.session_host import SessionHost
from tradewire.brokerage.tenure import FencedStore, Tenure
from tradewire.brokerage.turns import Turns
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.broker import AccountConfig, Broker
from tradewire.contract.capabilities import Capabilities
from tradewire.domain.account import Account
from tradewire.domain.clock import Clock
from tradewire.engine.account_view import EngineLimits
from tradewire.engine.actors import Actors
from tradewire.engine.bells import ROUTE, Bells
from tradewire.engine.claims import Claims, Served
from tradewire.engine.guarding import Judge, weighs_all_accounts
from tradewire.engine.outside import Outside
from tradewire.engine.roll import WorkerIdentity
from tradewire.engine.router import Router
from tradewire.engine.sweeper import Sweeper
from tradewire.engine.worker import Worker
from tradewire.plugins import Plugins
from tradewire.security.known_secrets import known
from tradewire.security.sealing import Secrets
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable

log = structlog.get_logger()

#: How long the others are told of accounts that are free when this process stops.
OFFER_S = 1.0


class Engine:
    """Everything behind the door, for one process."""

    def __init__(
        self,
        *,
        store: Store,
        plugins: Plugins,
        clock: Clock,
        settings: Settings,
        secrets: Secrets,
        calendars: CalendarShelf,
        bells: Bells,
        me: WorkerIdentity,
        shared: bool = False,
        outside: Outside | None = None,
    ) -> None:
        """`me.id` names this process in leases; the same name after a restart voids what it held before.

        `shared` where other processes use the same database; `outside` is how they are rung.
        """
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._settings = settings
        self._secrets = secrets
        self._calendars = calendars
        self._bells = bells
        self._me = me
        self._outside = outside
        self._outer_bells = Bells()
        self.memory = MarketMemory(clock)
        self._publishes = shared and weighs_all_accounts(plugins, settings.global_guardians)
        self.desk = BrokerDesk(
            clock, self.memory, bells.work, self._priced_elsewhere if self._publishes else None
        )
        self._limits = limits = EngineLimits(
            base_currency=settings.base_currency, global_guardians=settings.global_guardians
        )
        judge = Judge(plugins, settings.engine.guard_deadline_ms / 1000)
        self._turns = Turns()
        self._worker = Worker(store, plugins, judge, clock, limits, self.desk, self._turns)
        router = Router(store, plugins, clock, bells, self.desk.expect, shared=shared)
        self._actors = Actors(router.route, self._work, settings.engine.worker_threads, plugins.observer)
        self.claims = Claims(
            store,
            clock,
            settings.engine,
            self.memory,
            me,
            serve=self._open,
            leave=self.desk.close,
            offer=self._outer_bells.work,
        )
        self.sweeper = Sweeper(store, clock, bells, settings.engine, self.claims, self._resend, self._decide)

    def start(self) -> None:
        """Take the accounts' leases, connect them, and begin with what is due."""
        self.desk.start()
        self.desk.wait_for(self.claims.sweep())
        self._actors.start()
        self._bells.start(self._ring)
        if self._outside is not None:
            self._outer_bells.start(self._outside.send)
            self._outside.listen(self._me.id, self._rung)
        self.desk.loop_task(self.sweeper.run())

    def stop(self) -> None:
        """No new jobs, submissions end for a moment, sessions close, leases are given back."""
        self.claims.take_no_more()
        if self._outside is not None:
            self._outside.stop_listening()
        self._bells.stop()
        self._worker.stop()
        self._actors.stop()
        self.desk.stop()
        try:
            for account_id in self.claims.give_back():
                self._outer_bells.work(account_id)
        except StoreUnavailable as error:
            log.error("The leases could not be given back; they run out by themselves.", error=str(error))
        if self._outside is not None:
            self._outer_bells.stop(OFFER_S)
            self._outside.close()

    def capabilities(self, account_id: str) -> Capabilities | None:
        """What a connected account can do; None while it is not connected."""
        standing = self.memory.standing(account_id)
        return standing.capabilities if standing.ready else None

    async def decide(self, account_id: str) -> None:
        """Apply what a person has decided on the account's orders; its next owner does where this is none."""
        host = self.desk.host(account_id)
        if host is not None:
            await self.desk.awaited(host.decide())

    def _work(self, account_id: str) -> None:
        """The job `work`; the first ring for an account that nobody serves has it served here."""
        if self.claims.holds(account_id):
            self._worker.work(account_id)
        else:
            self.desk.loop_task(self.claims.claim(account_id))

    def _ring(self, door: str) -> None:
        """Bring a ring from inside to where the door is: here, or with another process."""
        if door == ROUTE or self._outside is None or self.claims.holds(door):
            self._actors.send(door)
        else:
            self._outer_bells.ring(door)

    def _rung(self, door: str) -> None:
        """Somebody outside rang."""
        self._actors.send(door)
        if door != ROUTE and self.claims.holds(door):
            self._decide(door)

    def _open(self, served: Served, tenure: Tenure) -> None:
        self.memory.standing(served.account.id).epoch = tenure.lease.epoch
        self.desk.open(served.account.id, partial(self._host, served.account, served.credentials, tenure))
        # Its session takes a moment; whatever is due may be told so.
        self._bells.work(served.account.id)

    def _host(self, account: Account, credentials: bytes | None, tenure: Tenure) -> SessionHost:
        fenced = FencedStore(self._store, tenure)
        state = AccountState(fenced, self._secrets, account.id)
        return SessionHost(
            broker=partial(self._broker, account),
            config=AccountConfig(
                id=account.id,
                name=account.name,
                mode=account.mode,
                currency=account.currency,
                config=account.config,
                credentials=self._unsealed(credentials),
            ),
            env=SessionEnv(self._clock, state, self._calendars),
            tenure=tenure,
            store=self._store,
            clock=self._clock,
            calendars=self._calendars,
            settings=self._settings,
            memory=self.memory,
            ring=partial(self._bells.work, account.id),
            publish=marks.publishing(fenced, account.id, self._clock) if self._publishes else None,
            observer=self._plugins.observer,
            turns=self._turns,
        )

    def _broker(self, account: Account) -> Broker:
        return self._plugins.broker(account.broker)

    def _unsealed(self, credentials: bytes | None) -> dict[str, str]:
        if credentials is None:
            return {}
        opened = msgspec.json.decode(self._secrets.unseal(credentials), type=dict[str, str])
        known.remember(opened.values())
        return opened

    async def _priced_elsewhere(self, want: Want) -> None:
        """A price of an account that another worker serves; whoever waits for it is planned again."""
        try:
            seen = await self._store.read(
                partial(marks.find, account_id=want.account_id, instrument_id=want.key)
            )
        except StoreUnavailable:
            seen = None
        if seen is not None and want.kind is WantKind.QUOTE and self._is_recent(seen):
            self.memory.quotes[(want.account_id, want.key)] = seen
        else:
            self.memory.miss(want)
        for account_id in self.claims.held():
            self._bells.work(account_id)

    def _is_recent(self, seen: SeenQuote) -> bool:
        return self._clock.now() - seen.fetched_at <= timedelta(seconds=self._limits.mark_age_s)

    def _resend(self, account_id: str) -> None:
        host = self.desk.host(account_id)
        if host is not None:
            host.resend()

    def _decide(self, account_id: str) -> None:
        host = self.desk.host(account_id)
        if host is not None:
            self.desk.loop_task(host.decide())
