"""`tradewire status`, `tradewire version`."""

import sys

import msgspec
from cyclopts import App

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common


def register(app: App) -> None:
    app.command(status)
    app.command(version)


def status(*, common: Common = DEFAULT) -> None:
    """How things stand: what is running, waiting, and in need of a person."""
    with connect(common) as api:
        answer = api.get("/status")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.overview import Status

    seen = answer.read(Status)
    engine = "running" if seen.engine else "not running: signals and orders wait for `tradewire up`"
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
        (seen.orders_unknown, "orders unknown at the broker: see `tradewire orders --live`"),
        (seen.orders_paused, "orders paused for a person"),
        (seen.switches_off, "kill switches set: `tradewire resume` releases them, scope by scope"),
        (seen.plugins_quarantined, "plugins quarantined: see `tradewire plugins`"),
    ]
    shown = screen.table("Fact", "Value", wide="Value")
    shown.show_header = False
    for name, value in lines:
        shown.add_row(name, value)
    for count, text in needs:
        if count:
            shown.add_row("[red]Attention[/red]", f"{count} {text}")
    screen.console().print(shown)


def version(*, common: Common = DEFAULT) -> None:
    """The installed version."""
    from importlib.metadata import version as installed

    if common.json:
        screen.print_json(msgspec.json.encode({"version": installed("tradewire")}))
        return
    sys.stdout.write(installed("tradewire") + "\n")
