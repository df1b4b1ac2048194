"""What stands below a new key: where to send messages, what to put into the alert, a line to try."""

import shlex
import sys
from typing import TYPE_CHECKING

from tradewire.cli.configured import settings_of
from tradewire.cli.options import Common
from tradewire.cli.serving import serving_on

if TYPE_CHECKING:
    from tradewire.services.sending import Sending

NO_KEY = "YOUR_KEY"
NO_STRATEGY = "YOUR_STRATEGY_ID"


def explain(common: Common, sending: "Sending", secret: str | None) -> None:
    """Write it to stderr; without a `secret`, with words in its place."""
    public, local, listens = _servers(common)

    def filled(text: str) -> str:
        return text.replace("{key}", secret or NO_KEY).replace("{strategyId}", NO_STRATEGY)

    out = sys.stderr
    out.write(f"\nWebhook URL for the alert\n{public}{filled(sending.path)}\n")
    if sending.alert:
        out.write(f"\nMessage of the alert\n{filled(sending.alert)}\n")
    if sending.trial:
        url, body = shlex.quote(local + filled(sending.path)), shlex.quote(filled(sending.trial))
        out.write(f"\nTry it (an order, as any other)\ncurl -sS {url} -d {body} -w '\\n'\n")
    if not listens:
        out.write("\nNothing listens on this folder now: the port is that of the settings.\n")
    out.write(f"\n{NO_STRATEGY} is the Entry Signal ID of the algorithm that should act.\n")


def _servers(common: Common) -> tuple[str, str, bool]:
    """Where alerts reach it, where this machine does, and whether something listens there now."""
    if common.url is not None:
        return common.url.rstrip("/"), common.url.rstrip("/"), True
    from tradewire.runtime.folder import DataFolder

    folder = DataFolder(common.data)
    server = settings_of(folder).server
    running = folder.running()
    found = running.url if running is not None else serving_on(folder)
    local = found or f"http://127.0.0.1:{server.port}"
    return (server.public_url or local).rstrip("/"), local.rstrip("/"), found is not None
