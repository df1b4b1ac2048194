"""`make bench`: what Tradewire does on this machine, measured from outside, with a goal for each figure.

Real processes on a real disk: `tradewire up`, the paper venue, the yardstick's server, the sender. Exit code
1 where accepting is far slower than the no-op handler, or where a burst takes too long in most of its runs.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench import runs
from bench.figures import Figure, at_most
from bench.machine import Machine, NoDisk, machine
from bench.processes import Noop, Relay, Sender, Venue

PARTS = ("start", "accept", "idle", "burst", "throughput")
METHOD = (
    "Sender, venue, yardstick and relay are a process each; the sender speaks HTTP over bare sockets.",
    "No-op: the same granian, edge and router with a handler that reads the body and answers 200. Accept: "
    "the webhook with distinct messages that no algorithm listens to, so each is also routed meanwhile.",
    "Rounds of no-op and accept take turns; the median round counts. Clients keep their connection and send "
    "again once answered; with 'a connection each' every request makes its own, as TradingView does.",
    f"The venue is the paper venue over HTTP; it answers an order after {runs.VENUE_MS} ms, and tells by its "
    "own clock when an order arrived, before those. Each order passes 9 verdicts.",
    "Throughput counts orders from the first accepted to the last that ended in the relay's store.",
)


def main() -> int:
    options = _options()
    console = Console(stderr=options.json)
    place = Path(options.data)
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=place))
    found: list[Figure] = []
    keep = True
    try:
        here = machine(folder)
        console.print(f"[bold]Machine[/bold]  {here.line()}\n[bold]Disk[/bold]     {here.disk()}")
        began = time.monotonic()
        with console.status("starting") as status:
            found.extend(_measured(folder, options, status.update))
        console.print(f"Measured in {time.monotonic() - began:.0f} s.")
        keep = options.keep
    except NoDisk as error:
        console.print(str(error))
        keep = False
        return 2
    except runs.Failed as error:
        console.print(f"[red]The bench broke off:[/red] {error}")
        console.print(f"The logs are in {folder}.")
        return 3
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    _show(console, here, found, options.json)
    return _verdict(console, found)


def _measured(folder: Path, options: argparse.Namespace, say: runs.Say) -> Iterator[Figure]:
    settings = runs.Settings(options.quick, options.clients)
    wanted = options.only or PARTS
    log = folder / "log"
    data = folder / "data"
    say("first start")
    relay = Relay(data, log)
    first_start = relay.ready_s
    with Venue(log, runs.VENUE_MS) as venue, Sender(log) as sender:
        try:
            relay.trade(venue, runs.SYMBOLS)
            if "start" in wanted:
                key = relay.key
                relay.stop()
                say("start")
                relay = Relay(data, log)
                relay.key = key
                note = f"first start, on an empty folder: {first_start:.1f} s"
                yield at_most("start to ready", [relay.ready_s], "s", 2.0, note)
                time.sleep(2)
                yield runs.resident(relay, "memory, idle", 150)
            if "idle" in wanted:
                yield from runs.idle(relay, venue, sender, settings, say, goal=15)
            if "burst" in wanted:
                yield from runs.bursts(relay, venue, sender, settings, say)
            if "throughput" in wanted:
                yield from runs.throughput(relay, venue, sender, settings, say)
            if "accept" in wanted:
                with Noop(log) as noop:
                    yield from runs.accepting(relay, noop, sender, settings, say)
            yield runs.resident(relay, "memory, after all of it", None)
        finally:
            relay.stop()


def _show(console: Console, here: Machine, found: list[Figure], as_json: bool) -> None:
    if as_json:
        document = {"machine": here, "method": METHOD, "figures": found}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
        return
    table = Table(show_edge=False)
    for name in ("figure", "value", "goal", "met", "note"):
        table.add_column(name, justify="right" if name == "value" else "left")
    marks = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}
    for one in found:
        spread = f"[dim]{min(one.values):.3g}-{max(one.values):.3g}[/dim] " if len(one.values) > 1 else ""
        table.add_row(one.name, one.shown(), one.goal, marks[one.met], spread + one.note)
    console.print(table)
    for line in METHOD:
        console.print(f"[dim]{line}[/dim]")


def _verdict(console: Console, found: list[Figure]) -> int:
    """1 where what must hold does not; the single client's ratio is the disk's, and does not count."""
    bad = [
        f"{one.name}: {one.value:.2f}, below {runs.LEAST_RATIO}"
        for one in found
        if one.name.startswith(runs.RATIO) and one.name != runs.ALONE and one.value < runs.LEAST_RATIO
    ]
    for one in found:
        late = sum(value > runs.LONGEST_BURST_S for value in one.values)
        if one.name == runs.ARRIVED and late * 3 >= len(one.values) * 2:
            times = f"in {late} of {len(one.values)} runs"
            bad.append(f"{one.name}: above {runs.LONGEST_BURST_S:g} s {times}")
    for line in bad:
        console.print(f"[red]{line}[/red]")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--data", default="build/bench", help="a folder on the disk to measure on")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this; may be repeated")
    parser.add_argument("--clients", action="append", type=int, help="accept with so many; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one short round of each, to try the bench out")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the data folder and the logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
