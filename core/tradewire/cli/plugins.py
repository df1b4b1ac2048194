"""`tradewire plugins`."""

from cyclopts import App

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.options import DEFAULT, Common


def register(app: App) -> None:
    app.command(plugins)


def plugins(*, common: Common = DEFAULT) -> None:
    """Every plugin: what it adds, or why it is not used; and what is missing, and who needs it."""
    with connect(common) as api:
        answer = api.get("/plugins")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.plugin_list import PluginList

    found = answer.read(PluginList)
    shown = screen.table("Plugin", "From", "State", "Adds", wide="Adds")
    for one in found.items:
        says = one.reason if one.reason else ", ".join(one.adds)
        shown.add_row(
            one.name, f"{one.distribution} {one.version}", screen.state(one.state), screen.escape(says)
        )
    for name, reason in found.quarantined.items():
        shown.add_row(name, "", screen.state("quarantined"), screen.escape(reason))
    for gone in found.missing:
        why = f"not installed; needed by {', '.join(gone.needed_by)}"
        shown.add_row(gone.name, gone.stage, screen.state("missing"), screen.escape(why))
    screen.console().print(shown)
