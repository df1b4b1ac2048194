"""`tradewire up` as a function: one process that takes webhooks and works orders."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import structlog

from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.runtime.core import Core, is_shared, open_core
from tradewire.runtime.folder import DataFolder, Instance
from tradewire.runtime.front import front_app
from tradewire.runtime.health import engine_health
from tradewire.runtime.identity import EMBEDDED
from tradewire.runtime.signals import stopped_by_signals
from tradewire.security.tokens import new_token
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import HealthReport
from tradewire.settings import Settings

log = structlog.get_logger()

TAKEN = (
    "A `tradewire up` is running on this database already. Stop it first; beside it, or instead of it, any "
    "number of `tradewire serve` and `tradewire worker` can run."
)


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
    stopping = stop or stopped_by_signals()
    if settings.dramatiq_url is not None:
        raise Unhonoured(
            "`tradewire up` does everything in one process and rings inside it. Leave dramatiq_url "
            "(TRADEWIRE_DRAMATIQ_URL) out, or use it with `tradewire serve` and `tradewire worker`."
        )
    async with AsyncExitStack() as stack:
        bearer = None
        if is_shared(settings):
            from tradewire.runtime.named import named

            bearer = await stack.enter_async_context(
                named(settings.database_url or "", EMBEDDED, TAKEN, settings.engine.sweep_s, stopping)
            )
        await _run(folder, settings, clock, prepare, on_ready, stopping)
    if bearer is not None and bearer.lost is not None:
        raise bearer.lost


async def _run(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    prepare: Callable[[Core], "asyncio.Future[None] | None"] | None,
    on_ready: Callable[[Core, ListeningAt], None],
    stopping: asyncio.Event,
) -> None:
    core = await asyncio.to_thread(partial(open_core, folder, settings, clock, engine=True))
    try:
        if prepare is not None and (preparing := prepare(core)) is not None:
            await preparing
        await core.ready()
        token = new_token()
        app = front_app(core, partial(_health, core), token)

        def ready(at: ListeningAt) -> None:
            folder.announce(Instance(pid=os.getpid(), url=at.url, token=token, started_at=clock.now()))
            on_ready(core, at)

        async def closing() -> None:
            folder.withdraw()
            await asyncio.to_thread(core.close)

        try:
            await serve(app, settings.server, stop=stopping, on_ready=ready, closing=closing)
        finally:
            folder.withdraw()
    finally:
        await asyncio.to_thread(core.close)


def _health(core: Core) -> HealthReport:
    if core.engine is None:
        return HealthReport()
    return engine_health(core.engine.sweeper, core.clock, core.settings.engine.sweep_s)
