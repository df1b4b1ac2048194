"""`tradewire demo`: everything in a minute, on paper, and proof that nothing was lost or doubled."""

import asyncio
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from tradewire.cli.exits import Exit, Stop
from tradewire.cli.screen import escape

if TYPE_CHECKING:
    from rich.console import Console

    from tradewire.demo.run import Played

#: So that each message can be watched; where nobody watches, they follow each other at once.
_PAUSE_S = 0.3

Sabotage = Literal["dedupe", "drop"]
_BROKEN: dict[Sabotage, str] = {
    "dedupe": "a message that is sent again trades again",
    "drop": "a signal is dropped after its 200",
}


def register(app: App) -> None:
    app.command(demo)


def demo(
    *,
    json: Annotated[bool, Parameter(negative="", help="One JSON document on stdout, nothing else.")] = False,
    sabotage: Annotated[
        Sabotage | None,
        Parameter(help="Break it on purpose: resends trade again, or a signal is dropped after its 200."),
    ] = None,
    keep: Annotated[Path | None, Parameter(help="An empty folder for its data, which then stays.")] = None,
) -> None:
    """Start Tradewire and a paper venue, send real messages, follow them, and compare all three books."""
    from tradewire.demo.result import verdict
    from tradewire.demo.screen import Screen

    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal without Unicode shows a question mark rather than nothing at all.
        sys.stdout.reconfigure(errors="replace")
    out = None if json else Screen(highlight=False)
    try:
        played = asyncio.run(_demo(out, sabotage, keep))
    except asyncio.CancelledError:
        raise Stop(Exit.REFUSED, "The demo was stopped; its processes have ended.") from None
    _report(out, played, keep)
    if not played.result.ok:
        raise Stop(Exit.REFUSED, verdict(played.result))


async def _demo(out: "Console | None", sabotage: Sabotage | None, keep: Path | None) -> "Played":
    from tradewire.demo.board import Board, legend
    from tradewire.demo.run import staged
    from tradewire.runtime.clock import SystemClock

    task = asyncio.current_task()
    if task is not None:
        # However it is stopped, it first ends the processes that it started.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    clock = SystemClock()
    if out is None:
        async with staged(clock, keep, sabotage) as stage:
            return await stage.play(stage.posts(clock), clock, lambda row: None, 0)
    out.print("Starting Tradewire and a paper venue, each a process of its own.")
    if sabotage is not None:
        out.print(f"[yellow]Broken on purpose[/yellow]: {_BROKEN[sabotage]}. The demo has to notice.")
    async with staged(clock, keep, sabotage) as stage:
        posts = stage.posts(clock)
        out.print(f"Posting {len(posts)} messages, as TradingView does, to\n{stage.webhook}\n")
        with Board(out, posts) as board:
            played = await stage.play(posts, clock, board.show, _PAUSE_S if out.is_terminal else 0)
        out.print(f"[dim]{legend(out)}[/dim]\n\nStopping both processes.")
    return played


def _report(out: "Console | None", played: "Played", keep: Path | None) -> None:
    import msgspec

    from tradewire.demo.result import verdict
    from tradewire.demo.tables import print_latency, print_monitor

    if out is None:
        sys.stdout.write(msgspec.json.encode(played.result).decode() + "\n")
        sys.stdout.flush()
        return
    print_monitor(out, played.monitor)
    print_latency(out, played.result.stages)
    if played.result.ok:
        out.print(f"\n[bold green]{verdict(played.result)}[/bold green]")
    else:
        out.print("\n[bold red]Not as it should be:[/bold red]")
        for problem in played.result.problems:
            out.print(f"- {escape(problem)}")
    if keep is not None:
        again = escape(f"tradewire up --data {keep / 'data'}")
        out.print(f"All of it is kept: {again}")
