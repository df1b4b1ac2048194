"""`tradewire worker`: works the orders of accounts that no other worker serves."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.ranges import LARGEST_PORT, between

if TYPE_CHECKING:
    from tradewire.engine.engine import Engine
    from tradewire.runtime.worker import WorkerReady
    from tradewire.services.workers import WorkerView


def register(app: App) -> None:
    app.command(worker)
    app.command(workers)


def worker(
    *,
    id: Annotated[
        str | None, Parameter(help="Its name among the workers; one for this machine and folder by default.")
    ] = None,
    data: Annotated[Path, Parameter(env_var="TRADEWIRE_DATA", help="The data folder.")] = Path(".tradewire"),
    host: Annotated[
        str | None, Parameter(help="Address for /health and /metrics; 127.0.0.1 by default.")
    ] = None,
    port: Annotated[
        int | None,
        Parameter(
            help="Port for /health and /metrics; a free one by default.", validator=between(0, LARGEST_PORT)
        ),
    ] = None,
    config: Annotated[
        Path | None,
        Parameter(env_var="TRADEWIRE_CONFIG", help="Settings file; DATA/tradewire.toml by default."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="One line of JSON once it is ready.")] = False,
) -> None:
    """Work orders on PostgreSQL; any number of these share the accounts among them."""
    from tradewire.runtime.clock import SystemClock
    from tradewire.runtime.folder import DataFolder
    from tradewire.runtime.logs import configure_logging
    from tradewire.runtime.worker import run_worker
    from tradewire.settings import load_settings

    folder = DataFolder(data)
    given = {"ID": id, "HOST": host, "PORT": port}
    chosen = {f"TRADEWIRE_WORKER__{name}": str(value) for name, value in given.items() if value is not None}
    settings = load_settings(
        config or folder.settings_file, {**os.environ, **chosen}, required=config is not None
    )
    configure_logging(settings.log)

    def ready(engine: "Engine", ready: "WorkerReady") -> None:
        _print_ready(ready, json)

    asyncio.run(run_worker(folder, settings, SystemClock(), on_ready=ready))
    if not json:
        sys.stdout.write("\nThis worker has stopped; others take its accounts over.\n")


def workers(*, common: Common = DEFAULT) -> None:
    """The workers on this database, and the accounts that each of them serves."""
    from tradewire.services.workers import WorkerList

    with connect(common) as api:
        answer = api.get("/workers")
    if common.json:
        screen.print_json(answer.content)
        return
    seen = answer.read(WorkerList)
    if not seen.items:
        sys.stdout.write("No worker runs. `tradewire worker` starts one; `tradewire up` is one.\n")
        return
    shown = screen.table("Worker", "Machine", "State", "Accounts", wide="Accounts")
    for one in seen.items:
        served = [
            f"{each.account} ({each.why_not})" if each.why_not else each.account for each in one.accounts
        ]
        cells = (one.id, f"{one.host}, process {one.pid}", _state(common, one), ", ".join(served) or "none")
        shown.add_row(*map(screen.escape, cells))
    screen.console().print(shown)
    if seen.unserved:
        sys.stdout.write(f"Served by none: {screen.printable(', '.join(seen.unserved))}\n")


def _state(common: Common, one: "WorkerView") -> str:
    from tradewire.services.workers import WorkerState

    if one.state is WorkerState.GONE:
        return f"gone since {screen.moment(common, one.heard_at)}"
    return f"silent for {one.heard_s:.0f} s" if one.state is WorkerState.SILENT else "running"


def _print_ready(ready: "WorkerReady", json: bool) -> None:
    import msgspec

    if json:
        told = {"id": ready.worker_id, "url": ready.at.url, "pid": os.getpid()}
        line = msgspec.json.encode(told).decode()
    else:
        line = (
            f"The worker {ready.worker_id} is at work; its health is at {ready.at.url}/health. Ctrl-C stops."
        )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
