"""`make bench`: what Tradewire does on this machine, measured from outside, with a goal for each figure.

Real processes on a real disk: `tradewire up`, then `serve` and `worker` on a PostgreSQL and a Valkey of the
bench's own, the paper venue, the yardstick's server, the sender. Exit code 1 where accepting is far slower
than the no-op handler, or where a burst takes too long in most of its runs.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.figures import Figure
from bench.machine import NoDisk, machine
from bench.relay import Unsettled
from bench.report import METHOD, as_json, header, show, verdict
from bench.rows import ROWS, Bench
from bench.runs import Failed, Settings


def main() -> int:
    options = _options()
    console = Console(stderr=options.json)
    place = Path(options.data)
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=place)).resolve()
    # PostgreSQL may run as another user than whoever runs this.
    folder.chmod(0o755)
    found: list[Figure] = []
    keep = True
    try:
        here = machine(folder)
        console.print(header(here))
        began = time.monotonic()
        with console.status("starting") as status:

            def say(text: str) -> None:
                if console.is_terminal:
                    status.update(f"{text}  [dim]{time.monotonic() - began:.0f} s[/dim]")
                else:
                    console.print(text)

            settings = Settings(options.quick, options.clients)
            for figure in Bench(folder, settings, options.rows, say).measured():
                show(console, figure, headed=not found)
                found.append(figure)
        console.print(f"Measured in {time.monotonic() - began:.0f} s.")
        keep = options.keep
    except NoDisk as error:
        console.print(str(error))
        keep = False
        return 2
    except (Failed, Unsettled) as error:
        console.print(f"[red]The bench broke off:[/red] {error}")
        console.print(f"The logs are in {folder}.")
        return 3
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        as_json(here, found)
    else:
        for line in METHOD:
            console.print(f"[dim]{line}[/dim]")
    return verdict(console, found)


def _options() -> argparse.Namespace:
    listed = "\n".join(f"  {name:<12} {what}" for name, what in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=...",
        description=__doc__,
        epilog=f"rows:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="measure only these; all by default")
    parser.add_argument("--data", default="build/bench", help="a folder on the disk to measure on")
    parser.add_argument("--clients", action="append", type=int, help="accept with so many; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one short round of each, to try the bench out")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the data folder and the logs")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; the rows are {', '.join(ROWS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
