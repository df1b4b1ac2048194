"""`tradewire up` as a function: one process that takes webhooks and works orders."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial

import structlog

from tradewire.api.app import api_router, openapi_config
from tradewire.domain.clock import Clock
from tradewire.ingress.door import Door
from tradewire.runtime.core import Core, open_core
from tradewire.runtime.folder import DataFolder, Instance
from tradewire.runtime.health import engine_health
from tradewire.runtime.sabotage import sabotaged
from tradewire.security.lockout import Lockout
from tradewire.security.tokens import new_token
from tradewire.server.app import create_app
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import HealthReport
from tradewire.server.metrics import Metrics
from tradewire.settings import Settings

log = structlog.get_logger()


async def run_embedded(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    *,
    prepare: Callable[[Core], "asyncio.Future[None] | None"] | None = None,
    on_ready: Callable[[Core, ListeningAt], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve `folder`, whose lock the caller holds, until `stop` is set or a SIGTERM or SIGINT comes.

    `prepare` may fill an empty store before the engine starts; `on_ready` is called once webhooks are taken.
    Raises `Unhonoured` or `StoreUnavailable` with a sentence where it cannot start.
    """
    stopping = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
    core = await asyncio.to_thread(partial(open_core, folder, settings, clock, engine=True))
    try:
        if prepare is not None and (preparing := prepare(core)) is not None:
            await preparing
        await core.ready()
        token = new_token()
        app = create_app(
            door=Door(
                store=core.store,
                plugins=core.plugins,
                keys=core.keys,
                clock=clock,
                settings=settings,
                on_accepted=sabotaged(core.bells.route, core.store, clock, os.environ),
                lockout=Lockout(clock),
            ),
            clock=clock,
            settings=settings.server,
            health=partial(_health, core),
            metrics=Metrics(),
            route_handlers=[api_router(core.services, local_token=token)],
            openapi_config=openapi_config(),
        )

        def ready(at: ListeningAt) -> None:
            folder.announce(Instance(pid=os.getpid(), url=at.url, token=token, started_at=clock.now()))
            on_ready(core, at)

        try:
            await serve(app, settings.server, stop=stopping, on_ready=ready)
        finally:
            folder.withdraw()
    finally:
        await asyncio.to_thread(core.close)


def _health(core: Core) -> HealthReport:
    if core.engine is None:
        return HealthReport()
    return engine_health(core.engine.sweeper, core.clock, core.settings.engine.sweep_s)
