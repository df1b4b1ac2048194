"""`tradewire token …`."""

import sys
from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common

token = App(name="token", help="Tokens for the API.")


def register(app: App) -> None:
    app.command(token)


@token.command
def new(
    name: Annotated[str, Parameter(help="How it is called in lists and in the ledger.")],
    /,
    *,
    owner: Annotated[bool, Parameter(negative="", help="It may change everything, not only look.")] = False,
    common: Common = DEFAULT,
) -> None:
    """A new API token, shown this once; without --owner it may only look."""
    with connect(common) as api:
        answer = api.post("/tokens", {"name": name, "scope": "owner" if owner else "read"})
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.tokens import NewToken

    made = answer.read(NewToken)
    sys.stdout.write(f"{made.secret}\n")
    may = "may change everything" if owner else "may only look"
    sys.stderr.write(f"The token {name} {may}. It is not shown again.\n")


@token.command(name="list")
def list_tokens(*, common: Common = DEFAULT) -> None:
    """Every token, without its secret."""
    with connect(common) as api:
        answer = api.get("/tokens")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.tokens import TokenView

    tokens = answer.read(list[TokenView])
    if not tokens:
        sys.stdout.write("No token yet. `tradewire token new NAME` makes one.\n")
        return
    shown = screen.table("Name", "Scope", "Created", "State", wide="State")
    for one in tokens:
        gone = one.revoked_at is not None
        state = f"revoked {screen.moment(common, one.revoked_at)}" if gone else "[green]works[/green]"
        shown.add_row(screen.escape(one.name), one.scope, screen.moment(common, one.created_at), state)
    screen.console().print(shown)


@token.command
def revoke(name: str, /, *, common: Common = DEFAULT) -> None:
    """Refuse a token from now on."""
    with connect(common) as api:
        answer = api.post(f"/tokens/{quote(name, safe='')}/revoke")
    if common.json:
        screen.print_json(answer.content)
        return
    sys.stdout.write(f"The token {name} is revoked.\n")
