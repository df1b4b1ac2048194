"""The engine of one process put together: jobs, bells, sessions, sweeper."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection, select

from tradewire.brokerage import leases
from tradewire.brokerage.account_state import AccountState
from tradewire.brokerage.desk import BrokerDesk
from tradewire.brokerage.env import SessionEnv
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.release import Lease
from tradewire.brokerage.session_host import SessionHost
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.broker import AccountConfig, Broker, Capabilities
from tradewire.contract.errors import Unhonoured
from tradewire.domain.account import Account
from tradewire.domain.clock import Clock
from tradewire.engine.account_view import EngineLimits
from tradewire.engine.actors import Actors, make_broker
from tradewire.engine.bells import Bells
from tradewire.engine.guarding import Judge
from tradewire.engine.router import Router
from tradewire.engine.sweeper import Sweeper
from tradewire.engine.worker import Worker
from tradewire.plugins import Plugins
from tradewire.security.sealing import Secrets
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.schema import accounts

log = structlog.get_logger()


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
        owner: str,
    ) -> None:
        """`owner` names this process in leases; the same name after a restart voids what it held before."""
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._settings = settings
        self._secrets = secrets
        self._calendars = calendars
        self._bells = bells
        self._owner = owner
        self._served: set[str] = set()
        self._serving = asyncio.Lock()
        self.memory = MarketMemory(clock)
        self.desk = BrokerDesk(clock, self.memory, bells.work)
        limits = EngineLimits(
            base_currency=settings.base_currency, global_guardians=settings.global_guardians
        )
        judge = Judge(plugins, settings.engine.guard_deadline_ms / 1000)
        self._worker = Worker(store, plugins, judge, clock, limits, self.desk)
        router = Router(store, plugins, clock, bells, self.desk.expect)
        self._actors = Actors(
            make_broker(settings.dramatiq_url),
            owner,
            router.route,
            self._work,
            settings.engine.worker_threads,
        )
        self.sweeper = Sweeper(
            store, clock, bells, settings.engine, owner, self._serve_all_soon, self._resend, self._retake
        )

    def start(self) -> None:
        """Take the accounts' leases, connect them, and begin with what is due."""
        self.desk.start()
        self._serve_all(self._store.read_now(_accounts))
        self._actors.start()
        self._bells.start(self._actors.send)
        self.desk.loop_task(self.sweeper.run())

    def stop(self) -> None:
        """No new jobs, submissions end for a moment, sessions close, leases are given back."""
        self._bells.stop()
        self._actors.stop()
        self.desk.stop()
        try:
            self._store.write_now(partial(leases.give_back, owner=self._owner))
        except StoreUnavailable as error:
            log.error("The leases could not be given back; they run out by themselves.", error=str(error))

    def capabilities(self, account_id: str) -> Capabilities | None:
        """What a connected account can do; None while it is not connected."""
        standing = self.memory.standing(account_id)
        return standing.capabilities if standing.ready else None

    async def resolve(self, client_id: str, account_id: str, filled: tuple[Decimal, Decimal] | None) -> None:
        """Apply a person's decision on an UNKNOWN order: absent, or filled as (quantity in all, price)."""
        host = self.desk.host(account_id)
        if host is None:
            raise Unhonoured("The order's account is not served by this process.")
        await self.desk.awaited(host.resolve(client_id, filled))

    def _work(self, account_id: str) -> None:
        """The job `work`; the first ring for a new account also opens its session."""
        if account_id not in self._served:
            self._serve_all_soon()
        self._worker.work(account_id)

    def _serve_all_soon(self) -> None:
        self.desk.loop_task(self._serve_new())

    async def _serve_new(self) -> None:
        async with self._serving:
            for account, credentials in await self._store.read(_accounts):
                if account.id not in self._served:
                    lease = await self._store.write(self._taking(account.id))
                    self._open(account, credentials, lease)

    async def _retake(self, account_id: str) -> None:
        lease = await self._store.write(self._taking(account_id))
        host = self.desk.host(account_id)
        if lease is not None and host is not None:
            log.warning("A lease ran out and was taken again.", account=account_id)
            host.take_over(lease)

    def _serve_all(self, found: list[tuple[Account, bytes | None]]) -> None:
        for account, credentials in found:
            self._open(account, credentials, self._store.write_now(self._taking(account.id)))

    def _taking(self, account_id: str) -> Callable[[Connection], Lease | None]:
        return partial(
            leases.take,
            account_id=account_id,
            owner=self._owner,
            now=self._clock.now(),
            lease_s=self._settings.engine.lease_s,
        )

    def _open(self, account: Account, credentials: bytes | None, lease: Lease | None) -> None:
        if lease is None:
            return
        self._served.add(account.id)
        self.desk.open(account.id, partial(self._host, account, credentials, lease))

    def _host(self, account: Account, credentials: bytes | None, lease: Lease) -> SessionHost:
        state = AccountState(self._store, self._secrets, account.id)
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
            lease=lease,
            store=self._store,
            clock=self._clock,
            calendars=self._calendars,
            settings=self._settings,
            memory=self.memory,
            ring=partial(self._bells.work, account.id),
        )

    def _broker(self, account: Account) -> Broker:
        return self._plugins.broker(account.broker)

    def _unsealed(self, credentials: bytes | None) -> dict[str, str]:
        if credentials is None:
            return {}
        return msgspec.json.decode(self._secrets.unseal(credentials), type=dict[str, str])

    def _resend(self, account_id: str) -> None:
        host = self.desk.host(account_id)
        if host is not None:
            host.resend()


def _accounts(conn: Connection) -> list[tuple[Account, bytes | None]]:
    rows = conn.execute(select(accounts.c.document, accounts.c.credentials).order_by(accounts.c.name))
    return [(row.document, row.credentials) for row in rows]
