"""`tradewire worker` as a function: a process that works orders, and answers only how it is."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.engine.engine import Engine
from tradewire.runtime.core import open_core
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.health import engine_health
from tradewire.runtime.identity import default_id
from tradewire.runtime.named import named
from tradewire.runtime.serve import require_scale_out
from tradewire.runtime.signals import stopped_by_signals
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.watching import create_watched_app
from tradewire.settings import Settings


class WorkerReady(Struct):
    """`at` is where the worker's health is asked."""

    worker_id: str
    at: ListeningAt


async def run_worker(
    folder: DataFolder,
    settings: Settings,
    clock: Clock,
    *,
    on_ready: Callable[[Engine, WorkerReady], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Work until `stop` is set or a SIGTERM or SIGINT comes; `on_ready` is called once it does.

    Raises `Unhonoured` or `StoreUnavailable` with a sentence where it cannot start, and where another worker
    took its name while the database could not be reached.
    """
    require_scale_out("worker", settings)
    stopping = stop or stopped_by_signals()
    worker_id = settings.worker.id or default_id(folder)
    taken = (
        f'A worker with the id "{worker_id}" is running on this database already. Stop it first, or give '
        "this one a name of its own with --id (worker.id)."
    )
    url, sweep_s = settings.database_url or "", settings.engine.sweep_s
    async with named(url, f"worker {worker_id}", taken, sweep_s, stopping) as name:
        core = await asyncio.to_thread(
            partial(open_core, folder, settings, clock, engine=True, worker_id=worker_id, outside=True)
        )
        try:
            if core.engine is None:
                raise RuntimeError("A worker was opened without its engine.")
            engine = core.engine
            where = msgspec.structs.replace(
                settings.server,
                host=settings.worker.host,
                port=settings.worker.port,
                allowed_hosts=(),
                ssl_cert=None,
                ssl_key=None,
            )
            health = partial(engine_health, engine.sweeper, clock, settings.engine.sweep_s)

            def ready(at: ListeningAt) -> None:
                engine.claims.told_at(at.url)
                on_ready(engine, WorkerReady(worker_id=worker_id, at=at))

            async def closing() -> None:
                await asyncio.to_thread(core.close)

            await core.ready()
            app = create_watched_app(health, core.metrics, where)
            await serve(app, where, stop=stopping, on_ready=ready, closing=closing)
        finally:
            await asyncio.to_thread(core.close)
    if name.lost is not None:
        raise name.lost
