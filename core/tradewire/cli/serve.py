"""`tradewire serve`: takes webhooks and answers the API, beside any number of workers."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tradewire.cli.ranges import LARGEST_PORT, between
from tradewire.cli.serving import announcing

if TYPE_CHECKING:
    from tradewire.runtime.core import Core
    from tradewire.server.embedded import ListeningAt


def register(app: App) -> None:
    app.command(serve)


def serve(
    *,
    data: Annotated[Path, Parameter(env_var="TRADEWIRE_DATA", help="The data folder.")] = Path(".tradewire"),
    host: Annotated[str | None, Parameter(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[
        int | None,
        Parameter(help="Port to listen on; 0 takes a free one.", validator=between(0, LARGEST_PORT)),
    ] = None,
    share_port: Annotated[
        bool, Parameter(negative="", help="Let several processes listen on that port.")
    ] = False,
    ssl_cert: Annotated[Path | None, Parameter(help="Certificate chain (PEM), to serve https.")] = None,
    ssl_key: Annotated[Path | None, Parameter(help="The certificate's private key (PEM).")] = None,
    config: Annotated[
        Path | None,
        Parameter(env_var="TRADEWIRE_CONFIG", help="Settings file; DATA/tradewire.toml by default."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="One line of JSON once it is ready.")] = False,
) -> None:
    """Take webhooks on PostgreSQL; any number of these, and `tradewire worker` works the orders."""
    from tradewire.runtime.clock import SystemClock
    from tradewire.runtime.folder import DataFolder
    from tradewire.runtime.logs import configure_logging
    from tradewire.runtime.serve import run_serve
    from tradewire.settings import load_settings

    folder = DataFolder(data)
    given = {"HOST": host, "PORT": port, "SSL_CERT": ssl_cert, "SSL_KEY": ssl_key}
    chosen = {f"TRADEWIRE_SERVER__{name}": str(value) for name, value in given.items() if value is not None}
    if share_port:
        chosen["TRADEWIRE_SERVER__SHARE_PORT"] = "true"
    settings = load_settings(
        config or folder.settings_file, {**os.environ, **chosen}, required=config is not None
    )
    configure_logging(settings.log)

    with announcing(folder) as note:

        def ready(core: "Core", at: "ListeningAt") -> None:
            note.announce(at.url)
            _print_ready(at, settings.server.public_url, json)

        asyncio.run(run_serve(folder, settings, SystemClock(), on_ready=ready))
    if not json:
        sys.stdout.write("\nThis process has stopped taking webhooks. Nothing that was accepted is lost.\n")


def _print_ready(at: "ListeningAt", public_url: str | None, json: bool) -> None:
    import msgspec

    webhook = f"{(public_url or at.url).rstrip('/')}/api/tradingview/webhook"
    if json:
        line = msgspec.json.encode({"url": at.url, "webhook": webhook, "pid": os.getpid()}).decode()
    else:
        line = (
            f"Taking webhooks at {webhook}\n"
            "Orders are worked by `tradewire worker`; until one runs, signals wait. Ctrl-C stops."
        )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
