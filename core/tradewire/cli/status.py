"""`tradewire status`, `tradewire version`."""

import sys
from typing import TYPE_CHECKING

import msgspec
from cyclopts import App

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.switches import standing
from tradewire.domain.switch import SwitchState

if TYPE_CHECKING:
    from tradewire.services.restorations import Restoration
    from tradewire.services.workers import WorkerList


def register(app: App) -> None:
    app.command(status)
    app.command(version)


def status(*, common: Common = DEFAULT) -> None:
    """How things stand: what is running, waiting, and in need of a person."""
    from tradewire.services.holding import BY
    from tradewire.services.switches import SwitchView
    from tradewire.services.workers import WorkerList

    with connect(common) as api:
        answer = api.get("/status")
        switches = api.get("/switches").read(list[SwitchView])
        workers = api.get("/workers").read(WorkerList)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.overview import Status

    seen = answer.read(Status)
    waiting = "not running: signals and orders wait for `tradewire up` or `tradewire worker`"
    engine = "running" if seen.engine else waiting
    lines = [
        ("Tradewire", seen.version),
        ("Engine", engine),
        ("Accounts", str(seen.accounts)),
        ("Algorithms", f"{seen.algorithms_started} started of {seen.algorithms}"),
        ("Keys", f"{seen.keys} that work"),
        ("Signals", f"{seen.signals}, {seen.signals_waiting} waiting to be routed"),
        ("Last signal", screen.full_moment(common, seen.last_signal_at)),
        ("Live orders", str(seen.orders_live)),
    ]
    needs = [
        (seen.orders_unknown, "order", "with an unknown fate at the broker: see `tradewire orders --live`"),
        (seen.orders_paused, "order", "paused for a person: see `tradewire orders --state paused`"),
        (seen.plugins_quarantined, "plugin", "not used: see `tradewire plugins`"),
    ]
    shown = screen.table("Fact", "Value", wide="Value")
    shown.show_header = False
    for name, value in lines:
        shown.add_row(name, value)
    for count, what, text in needs:
        if count:
            several = "" if count == 1 else "s"
            shown.add_row("[red]Attention[/red]", f"{count} {what}{several} {text}")
    if seen.restoration is not None:
        shown.add_row("[red]Attention[/red]", screen.escape(restored(seen.restoration)))
    for switch in switches:
        if switch.state is not SwitchState.ACTIVE and switch.by != BY:
            shown.add_row("[red]Attention[/red]", screen.escape(standing(switch)))
    for text in unready(workers):
        shown.add_row("[red]Attention[/red]", screen.escape(text))
    screen.console().print(shown)


def unready(workers: "WorkerList") -> list[str]:
    """A sentence about each account that somebody serves and that cannot trade yet or any more."""
    return [
        f"The account {one.account} is not ready: {(one.why_not or 'not connected').rstrip('.')}."
        for worker in workers.items
        for one in worker.accounts
        if not one.ready
    ]


def restored(waiting: "Restoration") -> str:
    """What holds everything back after a restore, and how that ends."""
    uncompared = [one.name for one in waiting.accounts if not one.compared]
    compared = f" Not yet compared with its broker: {', '.join(uncompared)}." if uncompared else ""
    return (
        f"{waiting.detail} Nothing but cancels is sent.{compared} When positions and orders are as the "
        'brokers have them: `tradewire confirm --reason "…"`.'
    )


def version(*, common: Common = DEFAULT) -> None:
    """The installed version."""
    from importlib.metadata import version as installed

    if common.json:
        screen.print_json(msgspec.json.encode({"version": installed("tradewire")}))
        return
    sys.stdout.write(installed("tradewire") + "\n")
