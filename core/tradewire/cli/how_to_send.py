"""What stands below a new key: where to send messages, what to put into the alert, a line to try."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tradewire.cli.options import Common

if TYPE_CHECKING:
    from tradewire.services.sending import Sending

NO_KEY = "YOUR_KEY"
NO_STRATEGY = "YOUR_STRATEGY_ID"


def explain(common: Common, sending: "Sending", secret: str | None) -> None:
    """Write it to stderr; without a `secret`, with words in its place."""
    public, local = _servers(common)

    def filled(text: str) -> str:
        return text.replace("{key}", secret or NO_KEY).replace("{strategyId}", NO_STRATEGY)

    out = sys.stderr
    out.write(f"\nWebhook URL for the alert\n{public}{filled(sending.path)}\n")
    if sending.alert:
        out.write(f"\nMessage of the alert\n{filled(sending.alert)}\n")
    if sending.trial:
        url, body = shlex.quote(local + filled(sending.path)), shlex.quote(filled(sending.trial))
        out.write(f"\nTry it (an order, as any other)\ncurl -sS {url} -d {body} -w '\\n'\n")
    out.write(f"\n{NO_STRATEGY} is the Entry Signal ID of the algorithm that should act.\n")


def _servers(common: Common) -> tuple[str, str]:
    """Where alerts reach it, and where this machine does."""
    if common.url is not None:
        return common.url.rstrip("/"), common.url.rstrip("/")
    from tradewire.runtime.folder import DataFolder
    from tradewire.settings import load_settings

    folder = DataFolder(common.data)
    chosen = os.environ.get("TRADEWIRE_CONFIG")
    server = load_settings(Path(chosen) if chosen else folder.settings_file, os.environ).server
    running = folder.running()
    local = running.url if running is not None else f"http://127.0.0.1:{server.port}"
    return (server.public_url or local).rstrip("/"), local.rstrip("/")
