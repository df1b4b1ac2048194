"""`tradewire halt`, `tradewire resume`."""

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common

Reason = Annotated[str, Parameter(help="Why; the ledger keeps it.")]
Account = Annotated[str | None, Parameter(help="Only this account.")]
Algorithm = Annotated[str | None, Parameter(help="Only this algorithm.")]


def register(app: App) -> None:
    app.command(halt)
    app.command(resume)


def halt(
    *,
    reason: Reason,
    account: Account = None,
    algorithm: Algorithm = None,
    reducing: Annotated[bool, Parameter(negative="", help="Let exits pass.")] = False,
    common: Common = DEFAULT,
) -> None:
    """The kill switch: from now on nothing but cancels is sent, everywhere unless a scope is named."""
    _set(common, "/halt", {**_scope(account, algorithm), "reason": reason, "reducing": reducing})


def resume(
    *, reason: Reason, account: Account = None, algorithm: Algorithm = None, common: Common = DEFAULT
) -> None:
    """Release the kill switch of a scope; the global one unless a scope is named."""
    _set(common, "/resume", {**_scope(account, algorithm), "reason": reason})


def _scope(account: str | None, algorithm: str | None) -> dict[str, Any]:
    if account is not None and algorithm is not None:
        raise Stop(Exit.USAGE, "Name an account or an algorithm, not both.")
    if account is not None:
        return {"scope": "account", "target": account}
    if algorithm is not None:
        return {"scope": "algorithm", "target": algorithm}
    return {"scope": "global"}


def _set(common: Common, path: str, body: dict[str, Any]) -> None:
    with connect(common) as api:
        answer = api.post(path, body)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.switches import SwitchView

    switch = answer.read(SwitchView)
    whose = f"of {switch.name}" if switch.name else "for everything"
    sys.stdout.write(f"The kill switch {whose} is {switch.state}: {switch.reason}.\n")
