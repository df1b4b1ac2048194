"""Runs the venue as a process: `python -m tradewire_paper --port 0 --port-file FILE --state DIR`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import msgspec

from tradewire import Unhonoured
from tradewire_paper.config import FIELDS, PaperConfig, read_config
from tradewire_paper.hours import Calendars
from tradewire_paper.http import Connection
from tradewire_paper.journal import Journal
from tradewire_paper.server import Server
from tradewire_paper.source import prices_of
from tradewire_paper.venue import Venue

_NOT_HERE = ("url", "venue_account", "timeout_s")
_PARENT_POLL_S = 0.25


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0, or 2 with a sentence where it cannot be started."""
    options = _parser().parse_args(arguments)
    names = [field.name for field in FIELDS if field.name not in _NOT_HERE]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    try:
        config = read_config(given)
        journal = Journal(None if options.memory else Path(options.state))
        asyncio.run(_serve(config, journal, options))
    except (Unhonoured, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


async def _serve(config: PaperConfig, journal: Journal, options: argparse.Namespace) -> None:
    clock = SystemClock()
    prices_of(config, clock.now())
    venue = Venue(config, journal, clock, asyncio.sleep, Calendars(clock).get)
    venue.start()
    server = Server(venue)
    connection = Connection(server.handle, server.subscribe, msgspec.json.encode)
    listening = await asyncio.start_server(connection.serve, options.host, options.port, backlog=512)
    host, port = listening.sockets[0].getsockname()[:2]
    url = f"http://{host}:{port}"
    if options.port_file:
        _write_whole(Path(options.port_file), url)
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    await _until_asked(options.exit_with_parent)
    listening.close()
    await venue.close()


async def _until_asked(exit_with_parent: bool) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    parent = os.getppid()
    while not asked.is_set() and not (exit_with_parent and os.getppid() != parent):
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARENT_POLL_S if exit_with_parent else None):
                await asked.wait()


def _write_whole(path: Path, text: str) -> None:
    """A reader sees the whole text or no file."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tradewire_paper", description="The paper venue as a process."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--port-file", help="file to write the URL to once it is served")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--state", help="folder of the journal; the book outlives the process")
    place.add_argument("--memory", action="store_true", help="keep the book in memory only")
    parser.add_argument("--exit-with-parent", action="store_true", help="exit when the parent process does")
    for field in FIELDS:
        if field.name not in _NOT_HERE:
            text = field.description.replace("%", "%%")
            parser.add_argument(
                "--" + field.name.replace("_", "-"), help=f"{text} (default: {field.default})"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
