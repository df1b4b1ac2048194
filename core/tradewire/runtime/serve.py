"""`tradewire serve` as a function: a process that takes webhooks and answers the API, and works no orders."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.runtime.core import Core, is_shared, open_core
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.front import front_app
from tradewire.runtime.signals import stopped_by_signals
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import Check, HealthReport
from tradewire.settings import Settings
from tradewire.store.database import StoreUnavailable

log = structlog.get_logger()


async def run_serve(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    *,
    on_ready: Callable[[Core, ListeningAt], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set or a SIGTERM or SIGINT comes; `on_ready` is called once webhooks are taken.

    Raises `Unhonoured` or `StoreUnavailable` with a sentence where it cannot start.
    """
    require_scale_out("serve", settings)
    stopping = stop or stopped_by_signals()
    core = await asyncio.to_thread(partial(open_core, folder, settings, clock, engine=False, outside=True))
    watch = Watch(core)
    watching: asyncio.Task[None] | None = None
    try:
        await core.ready()
        watching = asyncio.create_task(watch.run())
        app = front_app(core, watch.health, None)

        async def closing() -> None:
            await _ended(watching)
            await asyncio.to_thread(core.close)

        ready = partial(on_ready, core)
        where = settings.server
        await serve(app, where, stop=stopping, on_ready=ready, closing=closing, may_share=True)
    finally:
        await _ended(watching)
        await asyncio.to_thread(core.close)


async def _ended(watching: "asyncio.Task[None] | None") -> None:
    """It reads the database, and so ends before that is closed."""
    if watching is not None:
        watching.cancel()
        await asyncio.wait((watching,))


def require_scale_out(command: str, settings: Settings) -> None:
    """Raises `Unhonoured` where the settings are those of a single process."""
    if not is_shared(settings):
        raise Unhonoured(
            f"`tradewire {command}` runs on PostgreSQL, which several processes can share: set database_url "
            "(TRADEWIRE_DATABASE_URL), such as postgresql://user:password@host:5432/tradewire. On SQLite "
            "`tradewire up` does everything in one process."
        )
    if settings.dramatiq_url is None:
        raise Unhonoured(
            f"`tradewire {command}` needs a message broker to ring the other processes: set dramatiq_url "
            "(TRADEWIRE_DRAMATIQ_URL), such as redis://host:6379/0 or amqp://user:password@host:5672/vhost."
        )


class Watch:
    """Keeps up with what the other processes do: their keys, their accounts and prices, whether they live."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._every_s = core.settings.engine.sweep_s
        self._heard_at = core.clock.monotonic()

    async def run(self) -> None:
        while True:
            try:
                await self._core.elsewhere.refresh()
                await self._core.services.keys.refresh()
                self._heard_at = self._core.clock.monotonic()
            except StoreUnavailable as error:
                log.warning("The other processes cannot be heard of.", error=str(error))
            await asyncio.sleep(self._every_s)

    def health(self) -> HealthReport:
        """Unhealthy without the database; without a worker signals are taken all the same, and wait."""
        silent = self._core.clock.monotonic() - self._heard_at
        reads = silent <= 3 * self._every_s
        alive = sum(worker.is_alive for worker in self._core.elsewhere.workers)
        return HealthReport(
            checks=(
                Check(
                    name="database",
                    ok=reads,
                    detail="" if reads else f"The database has not answered for {silent:.0f} s.",
                    age_s=silent,
                ),
                Check(
                    name="workers",
                    ok=True,
                    detail=""
                    if alive
                    else "No worker is running: signals are accepted and wait for `tradewire worker`.",
                ),
            )
        )
