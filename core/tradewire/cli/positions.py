"""`tradewire positions`."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common

if TYPE_CHECKING:
    from tradewire.services.positions import PositionList


def register(app: App) -> None:
    app.command(positions)


def positions(
    *,
    by: Annotated[
        Literal["algorithm", "account"], Parameter(help="One row per algorithm, or per account.")
    ] = "algorithm",
    account: Annotated[str | None, Parameter(help="Only this account's.")] = None,
    algorithm: Annotated[str | None, Parameter(help="Only this algorithm's.")] = None,
    flat: Annotated[bool, Parameter(negative="", help="Also those that hold nothing any more.")] = False,
    common: Common = DEFAULT,
) -> None:
    """What is held, and profit. A price or rate that is not known is shown as ?."""
    with connect(common) as api:
        answer = api.get("/positions", by=by, account=account, algorithm=algorithm, flat=flat)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.positions import PositionList

    _print(answer.read(PositionList), by)


def _print(found: "PositionList", by: str) -> None:
    if not found.items and not found.totals:
        sys.stdout.write("No positions.\n")
        return
    out = screen.console()
    numbers = ("Quantity", "Average", "Mark", "Open", "Realised", "Fees")
    whose = "Algorithm" if by == "algorithm" else "Account"
    shown = screen.table(whose, "Symbol", *numbers, right=numbers)
    for one in found.items:
        name = one.algorithm if one.algorithm is not None else one.account
        shown.add_row(
            screen.escape(name),
            screen.escape(one.symbol),
            one.quantity,
            screen.price(one.average_cost),
            screen.price(one.mark),
            _signed(one.unrealised),
            _signed(one.realised),
            screen.money(one.fees),
        )
    if found.items:
        out.print(shown)
    for total in found.totals:
        out.print(
            f"[bold]In all[/bold] {_signed(total.profit)} {total.base_currency}: realised "
            f"{screen.money(total.realised)}, open {screen.money(total.unrealised)}, "
            f"fees {screen.money(total.fees)}"
        )
        if not total.complete:
            out.print(f"[yellow]Not counted[/yellow]: {screen.escape('; '.join(total.missing))}.")


def _signed(text: str | None) -> str:
    shown = screen.money(text)
    if text is None or shown in ("0.00", "-0.00"):
        return shown
    return f"[red]{shown}[/red]" if text.startswith("-") else f"[green]{shown}[/green]"
