"""`tradewire key …`, `tradewire password`."""

import sys
from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.ask import hidden
from tradewire.cli.client import Answer, connect
from tradewire.cli.how_to_send import explain
from tradewire.cli.options import DEFAULT, Common

key = App(name="key", help="Keys of signal connections.")


def register(app: App) -> None:
    app.command(key)
    app.command(password)


@key.command
def new(
    connection: Annotated[str | None, Parameter(help="Its name; without one, the provider's.")] = None,
    /,
    *,
    provider: Annotated[str, Parameter(help="The signal's format.")] = "tradingview",
    common: Common = DEFAULT,
) -> None:
    """A connection with a new key, shown in full, and how messages are sent with it."""
    with connect(common) as api:
        _show_secret(common, api.post("/keys", {"connection": connection or provider, "provider": provider}))


@key.command(name="list")
def list_keys(*, common: Common = DEFAULT) -> None:
    """Every key, without its secret."""
    with connect(common) as api:
        answer = api.get("/keys")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.keys import KeyView

    keys = answer.read(list[KeyView])
    if not keys:
        sys.stdout.write("No key yet. `tradewire key new` makes one.\n")
        return
    shown = screen.table("Connection", "Provider", "Key", "State", "Last used", wide="State")
    for one in keys:
        gone = one.revoked_at is not None
        state = f"revoked {screen.moment(common, one.revoked_at)}" if gone else "[green]works[/green]"
        shown.add_row(
            screen.escape(one.connection),
            screen.escape(one.provider),
            f"tw_live_…{one.last4}",
            state,
            screen.moment(common, one.last_used_at),
        )
    screen.console().print(shown)


@key.command
def regenerate(connection: str, /, *, common: Common = DEFAULT) -> None:
    """A new key for a connection; the old one is invalid at once."""
    with connect(common) as api:
        _show_secret(common, api.post(f"/keys/{quote(connection, safe='')}/regenerate"))


@key.command
def reveal(connection: str, /, *, common: Common = DEFAULT) -> None:
    """The key again, for the owner's password; the ledger notes it."""
    secret = hidden("Owner's password: ")
    with connect(common) as api:
        _show_secret(common, api.post(f"/keys/{quote(connection, safe='')}/reveal", {"password": secret}))


@key.command
def revoke(connection: str, /, *, common: Common = DEFAULT) -> None:
    """Refuse a key from now on."""
    with connect(common) as api:
        answer = api.post(f"/keys/{quote(connection, safe='')}/revoke")
    if common.json:
        screen.print_json(answer.content)
        return
    sys.stdout.write(f"The key of {connection} is revoked: every message that carries it is refused.\n")


def password(*, common: Common = DEFAULT) -> None:
    """Set or change the owner's password, which reveals keys."""
    from tradewire.cli.exits import Exit, Stop
    from tradewire.services.owner import PasswordState

    with connect(common) as api:
        is_set = api.get("/password").read(PasswordState).is_set
        current = hidden("Current password: ") if is_set else None
        new = hidden("New password: ")
        if sys.stdin.isatty() and hidden("The same again: ") != new:
            raise Stop(Exit.REFUSED, "The two passwords differ; nothing was set.")
        answer = api.put("/password", {"new": new, "current": current})
    if common.json:
        screen.print_json(answer.content)
        return
    sys.stdout.write("The owner's password is set.\n")


def _show_secret(common: Common, answer: Answer) -> None:
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.keys import RevealedKey

    shown = answer.read(RevealedKey)
    sys.stdout.write(f"{shown.secret}\n")
    sys.stderr.write(f"The key of the connection {shown.key.connection}. Treat it like a password.\n")
    if shown.sending is not None:
        # Where the key goes into a file, the screen does not show it either.
        explain(common, shown.sending, shown.secret if sys.stdout.isatty() else None)
