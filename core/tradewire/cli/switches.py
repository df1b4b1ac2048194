"""`tradewire halt`, `tradewire resume`."""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common
from tradewire.domain.switch import SwitchState

if TYPE_CHECKING:
    from tradewire.services.switches import SwitchView

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
    if switch.state is SwitchState.ACTIVE:
        sys.stdout.write(f"{_named(switch)} is released: {switch.reason}.\n")
    else:
        sys.stdout.write(f"{standing(switch)}\n")


def standing(switch: "SwitchView") -> str:
    """A switch that is set: what it stops, why, and how it is released."""
    passes = (
        "only exits and cancels are" if switch.state is SwitchState.REDUCING else "nothing but cancels is"
    )
    option = f" --{switch.scope} {shlex.quote(switch.name)}" if switch.name else ""
    return (
        f"{_named(switch)} is set to {switch.state} ({switch.reason}): {passes} sent until "
        f'`tradewire resume{option} --reason "…"`.'
    )


def _named(switch: "SwitchView") -> str:
    return f"The kill switch of the {switch.scope} {switch.name}" if switch.name else "The global kill switch"
