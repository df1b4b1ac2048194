"""What every part needs, opened once: store, plugins, secrets, keys, calendars, engine, services."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from tradewire.brokerage import leases
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.verdict import Scope
from tradewire.engine.bells import Bells
from tradewire.engine.elsewhere import Elsewhere
from tradewire.engine.engine import Engine
from tradewire.engine.outside import Outside
from tradewire.ledger.append import append
from tradewire.plugins import Plugins, PluginState
from tradewire.runtime.checkpoints import CheckpointKeeper
from tradewire.runtime.clock_at_start import wake_if_set_back
from tradewire.runtime.database_lock import lock_database
from tradewire.runtime.figures import FiguresReader
from tradewire.runtime.file_lock import FileLock
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.identity import EMBEDDED, identity
from tradewire.runtime.key_check import secrets_for
from tradewire.runtime.stored_decisions import StoredDecisions
from tradewire.security.keyring import KeyTable
from tradewire.security.known_secrets import known
from tradewire.security.sealing import Secrets
from tradewire.server.metrics import Metrics
from tradewire.services.algorithm_checks import guardian_problems
from tradewire.services.doctor.service import Surroundings
from tradewire.services.resolution import Resolver
from tradewire.services.services import Services, make_services
from tradewire.services.switches import install
from tradewire.settings import Settings
from tradewire.store.database import Store, backend, open_store
from tradewire.store.upgrade import upgrade

#: How long what was rung last may take to be rung when the process ends.
LAST_RINGS_S = 1.0


class Core:
    """One opened data folder. With `engine`, orders are worked; without, it only reads and configures.

    `worker_id` names this process among those that work orders. With `outside` it rings other processes, and
    is rung by them.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folder: DataFolder,
        clock: Clock,
        store: Store,
        plugins: Plugins,
        secrets: Secrets,
        engine: bool,
        worker_id: str = EMBEDDED,
        outside: bool = False,
        metrics: Metrics | None = None,
        lock: FileLock | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.clock = clock
        self.store = store
        self.plugins = plugins
        self.secrets = secrets
        self._is_closed = False
        self._lock = lock
        self.keys = KeyTable(secrets.digest, ())
        self.calendars = CalendarShelf(folder.calendars, clock)
        self.bells = Bells()
        self.is_shared = is_shared(settings)
        self.elsewhere = Elsewhere(store, clock, settings.engine.lease_s)
        self._rings_outside = outside
        self._outside: Outside | None = None
        self.metrics = metrics or Metrics()
        plugins.observer = self.metrics
        self.figures = FiguresReader(
            store, clock, self.metrics, settings.engine.sweep_s, settings.engine.lease_s
        )
        self.checkpoints = CheckpointKeeper(store, clock, folder.path, settings.engine.sweep_s)
        self.engine: Engine | None = None
        if engine:
            self.engine = Engine(
                store=store,
                plugins=plugins,
                clock=clock,
                settings=settings,
                secrets=secrets,
                calendars=self.calendars,
                bells=self.bells,
                me=identity(worker_id, clock),
                shared=self.is_shared,
                outside=self._outer() if outside else None,
            )
        elif outside:
            self.bells.start(self._ring_outside)
        self.services = self._services()

    async def ready(self) -> None:
        """Read the keys, then let the engine begin."""
        await self.services.keys.refresh()
        await self.checkpoints.compare()
        if self._rings_outside:
            await asyncio.to_thread(self._outer)
        if self.engine is not None:
            await self.store.write(self._begin)
            await asyncio.to_thread(self.engine.start)
        self.checkpoints.start()
        self.figures.start()

    def close(self) -> None:
        """Stop the engine, seal the ledger and keep its checkpoint, close the store; once."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.engine is not None:
            self.engine.stop()
        else:
            self.bells.stop(LAST_RINGS_S)
            if self._outside is not None:
                self._outside.close()
        self.figures.stop()
        self.checkpoints.stop()
        self.store.close()
        if self._lock is not None:
            self._lock.release()

    def _begin(self, conn: Connection) -> None:
        now = self.clock.now()
        wake_if_set_back(conn, now)
        started = Entry(at=now, kind=EntryKind.ENGINE_STARTED, data={"version": version("tradewire")})
        quarantined = [
            Entry(
                at=now, kind=EntryKind.PLUGIN_QUARANTINED, reason=record.reason, data={"plugin": record.name}
            )
            for record in self.plugins.records
            if record.state is PluginState.QUARANTINED
        ]
        append(conn, [started, *quarantined])
        install(conn, Scope.GLOBAL)

    async def _resolve(self, account_id: str, client_id: str) -> None:
        if self.engine is not None:
            await self.engine.decide(account_id)

    def _outer(self) -> Outside:
        """The message broker, whose client is imported when it is first needed."""
        if self._outside is None:
            self._outside = Outside(self.settings.dramatiq_url or "", self.clock, self._owner_of)
        return self._outside

    def _ring_outside(self, door: str) -> None:
        self._outer().send(door)

    def _owner_of(self, account_id: str) -> str | None:
        return self.store.read_now(partial(leases.owner_of, account_id=account_id, now=self.clock.now()))

    def _services(self) -> Services:
        here, there = self.engine, self.elsewhere if self.is_shared else None
        resolver: Resolver | None = None
        if here is not None:
            resolver = self._resolve
        elif there is not None:
            resolver = StoredDecisions(self.store, self.clock, self.bells)
        knowing = here or there
        return make_services(
            store=self.store,
            clock=self.clock,
            secrets=self.secrets,
            keys=self.keys,
            plugins=self.plugins,
            calendars=self.calendars,
            version=version("tradewire"),
            bells=self.bells,
            market=here.memory if here is not None else there,
            resolver=resolver,
            capabilities=None if knowing is None else knowing.capabilities,
            revealable_keys=self.settings.signals.revealable_keys,
            base_currency=self.settings.base_currency,
            global_guardians=self.settings.global_guardians,
            surroundings=Surroundings(
                folder=self.folder.path,
                key_file=key_file_of(self.folder, self.settings),
                message_broker=self.settings.dramatiq_url,
                lease_s=self.settings.engine.lease_s,
            ),
            engine=here is not None,
            shared=self.is_shared,
            lease_s=self.settings.engine.lease_s,
        )


def key_file_of(folder: DataFolder, settings: Settings) -> Path:
    """Where the key file is: in the folder, unless the settings name another place."""
    return folder.key_file if settings.key_file is None else Path(settings.key_file).expanduser()


def is_shared(settings: Settings) -> bool:
    """Whether other processes may use the same database at the same time."""
    return settings.database_url is not None and backend(settings.database_url) != "sqlite"


def open_core(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    *,
    engine: bool,
    worker_id: str = EMBEDDED,
    outside: bool = False,
    after_commit: Callable[[int, float], None] | None = None,
) -> Core:
    """Open `folder` and its database; create or migrate what is not there yet.

    The caller holds the folder's lock, or the database is shared; a database file is held until the core is
    closed. Raises `Unhonoured` or `StoreUnavailable` with a sentence where that is not possible.
    """
    url = settings.database_url or folder.database_url
    for one in (url, settings.dramatiq_url):
        known.remember_url(one)
    folder.create()
    lock = lock_database(url)
    metrics = Metrics()
    store: Store | None = None
    try:
        upgrade(url)
        store = open_store(url, after_commit=after_commit or metrics.committed, monotonic=clock.monotonic)
        secrets = secrets_for(store, key_file_of(folder, settings))
        plugins = Plugins.discover(settings.plugins.blocked, settings=settings.plugins.settings)
        problems = plugins.problems_of(settings.plugins.settings)
        problems += guardian_problems(settings.global_guardians, plugins, Scope.GLOBAL)
        if problems:
            raise Unhonoured(f"The settings cannot be used as they are: {' '.join(problems)}")
        core = Core(
            settings=settings,
            folder=folder,
            clock=clock,
            store=store,
            plugins=plugins,
            secrets=secrets,
            engine=engine,
            worker_id=worker_id,
            outside=outside,
            metrics=metrics,
            lock=lock,
        )
        if core.is_shared and not engine:
            core.elsewhere.refresh_now()
    except BaseException:
        if store is not None:
            store.close()
        if lock is not None:
            lock.release()
        raise
    return core
