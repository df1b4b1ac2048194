"""`tradewire confirm`: a person's word that a restored database was compared with the brokers."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common


def register(app: App) -> None:
    app.command(confirm)


def confirm(
    *,
    reason: Annotated[str, Parameter(help="What you compared; the ledger keeps it.")],
    common: Common = DEFAULT,
) -> None:
    """After a restore: orders and positions are as the brokers have them, so accounts may trade again."""
    with connect(common) as api:
        answer = api.post("/restoration/confirm", {"reason": reason})
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.restorations import Confirmed

    done = answer.read(Confirmed)
    released = f"Released: {', '.join(done.released)}." if done.released else "No account was to be released."
    wound = done.orders_cancelled
    cancelled = f" Orders of the backup that are being cancelled: {wound}." if wound else ""
    halted = f" Still halted, for other reasons: {', '.join(done.still_halted)}." if done.still_halted else ""
    sys.stdout.write(screen.printable(f"{released}{cancelled}{halted}") + "\n")
