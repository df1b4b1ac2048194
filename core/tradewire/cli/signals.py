"""`tradewire signals`, `tradewire signal show`."""

import sys
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import Api, connect
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.ranges import MOST_ITEMS, between
from tradewire.cli.send import send

if TYPE_CHECKING:
    from tradewire.services.signal_story import SignalStory
    from tradewire.services.signals import SignalView

signal = App(name="signal", help="One signal.")
signal.command(send)

_EVERY_S = 1.0
#: While following, this many of the newest are looked at for a change, and as many more as are new. On
#: PostgreSQL one may turn up below others that were committed before it.
_WATCHED = 100
_ID = 13
#: Of the columns of a line that is printed alone: time, id, state.
_WIDTHS = (14, 13, 13)

Status = Literal[
    "accepted",
    "invalid",
    "duplicate",
    "no_match",
    "waiting",
    "routed",
    "working",
    "paused",
    "unknown",
    "mixed",
    "filled",
    "partly_filled",
    "cancelled",
    "rejected",
    "blocked",
    "skipped",
    "expired",
    "failed",
    "tested",
    "done",
]


def register(app: App) -> None:
    app.command(signals)
    app.command(signal)


def signals(
    *,
    follow: Annotated[bool, Parameter(negative="", help="Go on printing what comes, until Ctrl-C.")] = False,
    status: Annotated[Status | None, Parameter(help="Only those in this state.")] = None,
    algorithm: Annotated[str | None, Parameter(help="Only what concerned this algorithm.")] = None,
    refused: Annotated[bool, Parameter(negative="", help="Messages without a valid key instead.")] = False,
    limit: Annotated[
        int, Parameter(help="How many, the newest; 1 to 500.", validator=between(1, MOST_ITEMS))
    ] = 20,
    after: Annotated[str | None, Parameter(help="The `next` of the page before.")] = None,
    common: Common = DEFAULT,
) -> None:
    """The Signal Log: what came in, and what became of it."""
    with connect(common) as api:
        if refused:
            _refused(common, api, limit, after)
            return
        if follow:
            with suppress(KeyboardInterrupt):
                _follow(common, api, status, algorithm, limit)
            return
        answer = api.get("/signals", status=status, algorithm=algorithm, limit=limit, after=after)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.signals import SignalPage

    page = answer.read(SignalPage)
    if not page.items:
        any_at_all = status is None and algorithm is None and after is None
        none = "No signal yet. `tradewire signal send` sends one." if any_at_all else "No such signal."
        sys.stdout.write(f"{none}\n")
        return
    shown = screen.table(screen.clock_header(common), "Id", "State", "Signal", wide="Signal")
    ids = screen.short_ids([one.id for one in page.items], _ID)
    for one in reversed(page.items):
        shown.add_row(*_row(common, one, ids[one.id]))
    screen.console().print(shown)
    if page.next is not None:
        sys.stdout.write(f"Older ones: --after {page.next}\n")


@signal.command(name="show")
def show_signal(
    reference: Annotated[str, Parameter(help="The signal's id; its beginning is enough.")],
    /,
    *,
    verdicts: Annotated[bool, Parameter(negative="", help="Every guardian's verdict as well.")] = False,
    common: Common = DEFAULT,
) -> None:
    """One signal through every stage, with times and reasons."""
    with connect(common) as api:
        answer = api.get(f"/signals/{quote(reference, safe='')}")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.signal_story import SignalStory

    _print_story(common, answer.read(SignalStory), verdicts)


def _row(common: Common, one: "SignalView", short: str) -> tuple[str, str, str, str]:
    order = _order(one)
    what = " · ".join(part for part in (order, one.strategy_id) if part) or "(not understood)"
    text = screen.escape(what) + ("  TEST" if one.test else "")
    why = f"a copy of {one.duplicate_of[:_ID]}" if one.duplicate_of else one.reason
    if why and one.state != "filled":
        text += f"\n[dim]{screen.escape(why)}[/dim]"
    return screen.moment(common, one.received_at), short, screen.state(one.state), text


def _order(one: "SignalView") -> str:
    """What the message asks for: "BUY 10 AAPL", "BUY AAPL for $1,000", "SELL 5 AAPL, wanted short"."""
    units = one.quantity if one.size == one.quantity else None
    order = " ".join(part for part in (one.action and one.action.upper(), units, one.symbol) if part)
    asked = f"{order} for {one.size}" if one.size and units is None else order
    return f"{asked}, wanted {one.wanted}" if one.wanted is not None else asked


def _follow(common: Common, api: Api, status: Status | None, algorithm: str | None, limit: int) -> None:
    """First the newest `limit`, then each that comes and each whose state changes."""
    from tradewire.services.signals import SignalPage

    def page(after: str | None = None) -> SignalPage:
        size = max(limit, _WATCHED)
        answer = api.get("/signals", status=status, algorithm=algorithm, limit=size, after=after)
        return answer.read(SignalPage)

    def newest() -> "list[SignalView]":
        """As far back as one that was printed."""
        read = page()
        found = [*read.items]
        while read.next is not None and not any(one.id in known for one in read.items):
            read = page(read.next)
            found += read.items
        return found

    items = [*page().items]
    known = {one.id: one.state for one in items[limit:]}
    out = screen.console()
    while True:
        for one in reversed(items):
            if known.get(one.id) == one.state:
                continue
            known[one.id] = one.state
            if common.json:
                sys.stdout.write(screen.harmless_json(msgspec.json.encode(one).decode()) + "\n")
                sys.stdout.flush()
                continue
            line = screen.table("Time", "Id", "State", "Signal", wide="Signal")
            line.show_header = False
            for column, width in zip(line.columns, _WIDTHS, strict=False):
                column.width = width
            line.add_row(*_row(common, one, one.id[:_ID]))
            out.print(line)
        time.sleep(_EVERY_S)
        items = newest()


def _refused(common: Common, api: Api, limit: int, after: str | None) -> None:
    answer = api.get("/refused", limit=limit, after=after)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.refusals import RefusalPage

    shown = screen.table(screen.clock_header(common), "From", "Provider", "Key", "Why", wide="Why")
    page = answer.read(RefusalPage)
    if not page.items:
        sys.stdout.write("Nobody was refused.\n")
        return
    for one in reversed(page.items):
        ending = f"…{screen.escape(one.last4)}" if one.last4 else "-"
        at = screen.moment(common, one.at)
        # The provider is what stood in the URL, and so anybody's text.
        provider, kind = screen.escape(one.provider), screen.escape(one.kind.replace("_", " "))
        shown.add_row(at, screen.escape(one.source), provider, ending, kind)
    screen.console().print(shown)
    if page.next is not None:
        sys.stdout.write(f"Older ones: --after {page.next}\n")


def _print_story(common: Common, story: "SignalStory", verdicts: bool) -> None:
    one = story.signal
    out = screen.console()
    out.print(f"[bold]Signal[/bold] {one.id}  {screen.state(one.state)}" + ("  TEST" if one.test else ""))
    if one.reason and one.state != "filled":
        out.print(screen.escape(one.reason))
    out.print(f"[dim]{screen.escape(story.raw)}[/dim]")
    out.print()
    header, whose = _told_apart(story)
    columns = (screen.clock_header(common), "After", "Stage", *header, "What")
    shown = screen.table(*columns, right=("After",), wide="What")
    for stage in story.stages:
        named = (screen.escape(whose.get(stage.parent_id or "", "")),) if header else ()
        at = screen.moment(common, stage.at, day=False)
        shown.add_row(at, _after(stage.after_ms), stage.stage, *named, screen.escape(stage.text))
    out.print(shown)
    if verdicts:
        _print_verdicts(story)


def _told_apart(story: "SignalStory") -> tuple[tuple[str, ...], dict[str, str]]:
    """The column that tells a signal's orders apart, where there are several; what stands there by order."""
    of = Counter(order.algorithm for order in story.orders)
    if len(story.orders) < 2:
        return (), {}
    if len(of) == 1:
        return ("Leg",), {order.id: str(order.leg) for order in story.orders}
    legs = {order.id: f", leg {order.leg}" if of[order.algorithm] > 1 else "" for order in story.orders}
    return ("Algorithm",), {order.id: order.algorithm + legs[order.id] for order in story.orders}


def _print_verdicts(story: "SignalStory") -> None:
    out = screen.console()
    names = {order.id: order.algorithm for order in story.orders}
    for judgement in story.judgements:
        whose = names.get(judgement.parent_id, judgement.parent_id)
        out.print(f"\n[bold]Verdicts[/bold] on {screen.escape(whose)}")
        shown = screen.table("Guardian", "Scope", "Verdict", "Why", wide="Why")
        for verdict in judgement.verdicts:
            decision = verdict.decision.replace("_", " ")
            shown.add_row(verdict.guardian, verdict.scope, decision, screen.escape(verdict.message))
        out.print(shown)


def _after(milliseconds: int) -> str:
    sign = "-" if milliseconds < 0 else "+"
    size = abs(milliseconds)
    return f"{sign}{size} ms" if size < 10_000 else f"{sign}{size / 1000:.1f} s"
