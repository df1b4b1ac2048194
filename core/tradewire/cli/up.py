"""`tradewire up`: one process that takes webhooks and works orders, until it is stopped."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tradewire.cli.ranges import LARGEST_PORT, between

if TYPE_CHECKING:
    from tradewire.runtime.core import Core
    from tradewire.runtime.first_run import AlertSetup
    from tradewire.runtime.folder import DataFolder
    from tradewire.settings import Settings


def register(app: App) -> None:
    app.command(up)


def up(
    *,
    data: Annotated[Path, Parameter(env_var="TRADEWIRE_DATA", help="The data folder.")] = Path(".tradewire"),
    host: Annotated[str | None, Parameter(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None,
        Parameter(help="Port to listen on; 0 takes a free one.", validator=between(0, LARGEST_PORT)),
    ] = None,
    ssl_cert: Annotated[Path | None, Parameter(help="Certificate chain (PEM), to serve https.")] = None,
    ssl_key: Annotated[Path | None, Parameter(help="The certificate's private key (PEM).")] = None,
    config: Annotated[
        Path | None,
        Parameter(env_var="TRADEWIRE_CONFIG", help="Settings file; DATA/tradewire.toml by default."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="One line of JSON once it is ready.")] = False,
) -> None:
    """Start Tradewire here; an empty folder gets a key, a paper account and a running algorithm."""
    from tradewire.runtime.folder import DataFolder
    from tradewire.runtime.logs import configure_logging
    from tradewire.settings import load_settings

    folder = DataFolder(data)
    given = {"HOST": host, "PORT": port, "SSL_CERT": ssl_cert, "SSL_KEY": ssl_key}
    chosen = {f"TRADEWIRE_SERVER__{name}": str(value) for name, value in given.items() if value is not None}
    settings = load_settings(
        config or folder.settings_file, {**os.environ, **chosen}, required=config is not None
    )
    configure_logging(settings.log)
    with folder.lock():
        asyncio.run(_serve(folder, settings, json))
    if not json:
        sys.stdout.write("\nTradewire has stopped. All is stored; `tradewire up` goes on from here.\n")


async def _serve(folder: "DataFolder", settings: "Settings", json: bool) -> None:
    from tradewire.cli.welcome import Welcome, print_json, print_welcome
    from tradewire.runtime.clock import SystemClock
    from tradewire.runtime.embedded import run_embedded
    from tradewire.runtime.first_run import prepare
    from tradewire.runtime.one_core import settle
    from tradewire.server.embedded import ListeningAt

    alerts: AlertSetup | None = None

    async def preparing(core: "Core") -> None:
        nonlocal alerts
        alerts = await prepare(core)

    def ready(core: "Core", at: ListeningAt) -> None:
        if alerts is None:
            raise RuntimeError("The server was ready before its store was.")
        settle(settings.engine.one_core)
        welcome = Welcome(folder=folder.path, at=at, public_url=settings.server.public_url, alerts=alerts)
        (print_json if json else print_welcome)(welcome)

    await run_embedded(
        folder,
        settings,
        SystemClock(),
        prepare=lambda core: asyncio.ensure_future(preparing(core)),
        on_ready=ready,
    )
