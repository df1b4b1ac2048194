"""What the bench prints: each row as it is found, and in the end what must hold and does not."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from bench.accepting import ALONE, LEAST_RATIO, RATIO
from bench.figures import Figure
from bench.machine import Machine
from bench.runs import VENUE_MS
from bench.trading import ARRIVED, LONGEST_BURST_S

METHOD = (
    "Sender, venue, yardstick and relay are a process each; the sender speaks HTTP over bare sockets.",
    "No-op: the same granian, edge and router with a handler that reads the body and answers 200. Accept: "
    "the webhook with distinct messages that no algorithm listens to, so each is also routed meanwhile.",
    "Rounds of no-op and accept take turns; the median round counts. Clients keep their connection and send "
    "again once answered; with 'a connection each' every request makes its own, as TradingView does.",
    f"The venue is the paper venue over HTTP; it answers an order after {VENUE_MS} ms, and tells by its "
    "own clock when an order arrived, before those. Each order passes 9 verdicts.",
    "End to end counts orders from the first accepted to the last that ended in the relay's store; on "
    "PostgreSQL over two accounts, with one server, and PostgreSQL and Valkey on the same machine.",
)
_MARKS = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}
_WIDTHS = {"figure": 46, "value": 9, "goal": 11, "met": 3}
#: From so many columns on there is room for the notes beside the figures.
_WIDE = 130


def header(machine: Machine) -> str:
    return f"[bold]Machine[/bold]  {machine.line()}\n[bold]Disk[/bold]     {machine.disk()}"


def show(console: Console, one: Figure, *, headed: bool) -> None:
    """Print a figure, with its note beside it or below; all stand in the same columns."""
    is_wide = console.width >= _WIDE
    if headed:
        console.print(_table(list(_WIDTHS), "note" if is_wide else ""), style="bold")
    spread = [f"{min(one.values):.3g} to {max(one.values):.3g}"] if len(one.values) > 1 else []
    note = "; ".join([*spread, *([one.note] if one.note else [])])
    console.print(_table([one.name, one.shown(), one.goal, _MARKS[one.met]], note if is_wide else ""))
    if note and not is_wide:
        console.print(Padding(f"[dim]{note}[/dim]", (0, 0, 0, 2)))


def _table(cells: Sequence[str], note: str) -> Table:
    """One line; every line has the same columns."""
    made = Table.grid(padding=(0, 2))
    for name, width in _WIDTHS.items():
        made.add_column(width=width, justify="right" if name == "value" else "left")
    made.add_column(style="dim")
    made.add_row(*cells, note)
    return made


def as_json(machine: Machine, found: Sequence[Figure]) -> None:
    document = {"machine": machine, "method": METHOD, "figures": found}
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")


def verdict(console: Console, found: Sequence[Figure]) -> int:
    """1 where what must hold does not; the single client's ratio is the disk's, and does not count."""
    bad = [
        f"{one.name}: {one.value:.2f}, below {LEAST_RATIO}"
        for one in found
        if one.name.startswith(RATIO) and one.name != ALONE and one.value < LEAST_RATIO
    ]
    for one in found:
        late = sum(value > LONGEST_BURST_S for value in one.values)
        if one.name == ARRIVED and late * 3 >= len(one.values) * 2:
            times = f"in {late} of {len(one.values)} runs"
            bad.append(f"{one.name}: above {LONGEST_BURST_S:g} s {times}")
    for line in bad:
        console.print(f"[red]{line}[/red]")
    return 1 if bad else 0
