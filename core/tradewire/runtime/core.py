"""What every part needs, opened once: store, plugins, secrets, keys, calendars, engine, services."""

import asyncio
from collections.abc import Callable
from importlib.metadata import version

from sqlalchemy import Connection, select

from tradewire.calendars.load import CalendarShelf
from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.verdict import Scope
from tradewire.engine.bells import Bells
from tradewire.engine.engine import Engine
from tradewire.ledger.append import append
from tradewire.plugins import Plugins, PluginState
from tradewire.runtime.checkpoints import CheckpointKeeper
from tradewire.runtime.folder import DataFolder
from tradewire.security.key_file import create_key_file, load_key_file
from tradewire.security.keyring import KeyTable
from tradewire.security.sealing import Secrets
from tradewire.services.algorithm_checks import guardian_problems
from tradewire.services.resolution import Decision, Filled
from tradewire.services.services import Services, make_services
from tradewire.services.switches import install
from tradewire.settings import Settings
from tradewire.store.database import Store, open_store
from tradewire.store.schema import child_orders
from tradewire.store.upgrade import upgrade

#: The embedded process's name in leases. There is one per data folder, so it need not differ between lives.
EMBEDDED = "embedded"


class Core:
    """One opened data folder. With `engine`, orders are worked; without, it only reads and configures."""

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
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.clock = clock
        self.store = store
        self.plugins = plugins
        self.secrets = secrets
        self.keys = KeyTable(secrets.digest, ())
        self.calendars = CalendarShelf(folder.calendars, clock)
        self.bells = Bells()
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
                owner=EMBEDDED,
            )
        self.services = self._services()

    async def ready(self) -> None:
        """Read the keys, then let the engine begin."""
        await self.services.keys.refresh()
        await self.checkpoints.compare()
        if self.engine is not None:
            await self.store.write(self._begin)
            await asyncio.to_thread(self.engine.start)
        self.checkpoints.start()

    def close(self) -> None:
        """Stop the engine, seal the ledger and keep its checkpoint, close the store."""
        if self.engine is not None:
            self.engine.stop()
        self.checkpoints.stop()
        self.store.close()

    def _begin(self, conn: Connection) -> None:
        now = self.clock.now()
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

    async def _resolve(self, client_id: str, decision: Decision) -> None:
        if self.engine is None:
            return

        def account(conn: Connection) -> str:
            query = select(child_orders.c.account_id).where(child_orders.c.client_id == client_id)
            return str(conn.execute(query).scalar_one())

        filled = (decision.quantity, decision.price) if isinstance(decision, Filled) else None
        await self.engine.resolve(client_id, await self.store.read(account), filled)

    def _services(self) -> Services:
        engine = self.engine
        return make_services(
            store=self.store,
            clock=self.clock,
            secrets=self.secrets,
            keys=self.keys,
            plugins=self.plugins,
            calendars=self.calendars,
            version=version("tradewire"),
            bells=None if engine is None else self.bells,
            market=None if engine is None else engine.memory,
            resolver=None if engine is None else self._resolve,
            capabilities=None if engine is None else engine.capabilities,
            revealable_keys=self.settings.signals.revealable_keys,
            base_currency=self.settings.base_currency,
            global_guardians=self.settings.global_guardians,
        )


def open_core(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    *,
    engine: bool,
    after_commit: Callable[[int, float], None] | None = None,
) -> Core:
    """Open `folder`, whose lock the caller holds; create or migrate what it holds.

    Raises `Unhonoured` or `StoreUnavailable` with a sentence where that is not possible.
    """
    url = settings.database_url or folder.database_url
    folder.create()
    if not folder.key_file.exists():
        create_key_file(folder.key_file)
    secrets = load_key_file(folder.key_file)
    upgrade(url)
    store = open_store(url, after_commit=after_commit, monotonic=clock.monotonic)
    plugins = Plugins.discover(settings.plugins.blocked, settings=settings.plugins.settings)
    problems = plugins.problems_of(settings.plugins.settings)
    problems += guardian_problems(settings.global_guardians, plugins, Scope.GLOBAL)
    if problems:
        store.close()
        raise Unhonoured(f"The settings cannot be used as they are: {' '.join(problems)}")
    return Core(
        settings=settings,
        folder=folder,
        clock=clock,
        store=store,
        plugins=plugins,
        secrets=secrets,
        engine=engine,
    )
