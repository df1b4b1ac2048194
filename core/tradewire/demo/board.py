"""The messages on the screen: one row each, a mark and milliseconds for every stage."""

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tradewire.cli.screen import escape
from tradewire.demo.progress import STAGES, Mark, Passage, Row, marks
from tradewire.demo.script import Answered, Post

_NAME, _CELL, _GAP = 19, 5, 1
_OUTCOME = 15
_WIDE = 100
_HEADS = {"override": "over-\nride", "blueprint": "blue-\nprint", "broker": "brok-\ner"}
#: Each sign, what stands for it where there is no Unicode, and its colour.
_SIGNS = {
    Passage.PASSED: ("✓", "+", "green"),
    Passage.STOPPED: ("✗", "x", "red"),
    Passage.NONE: ("·", ".", "dim"),
}
_GOOD = frozenset({"filled"})


class Board:
    """On a terminal a table that changes in place; elsewhere a line for each message that has ended."""

    def __init__(self, console: Console, posts: Sequence[Post]) -> None:
        self._console = console
        self._rows = {post.number: Row(post=post) for post in posts}
        self._shown: set[int] = set()
        self._printed: set[int] = set()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "Board":
        if self._live is not None:
            self._live.start()
        else:
            self._print(self._table([]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, row: Row) -> None:
        self._rows[row.post.number] = row
        self._shown.add(row.post.number)
        if self._live is not None:
            shown = [self._rows[number] for number in sorted(self._shown)]
            self._live.update(self._table(shown), refresh=True)
        elif row.has_ended and row.post.number not in self._printed:
            self._printed.add(row.post.number)
            self._print(self._table([row], header=False))

    def _print(self, table: Table) -> None:
        self._console.print(table)
        self._console.file.flush()

    def _table(self, rows: Sequence[Row], *, header: bool = True) -> Table:
        plain = _is_plain(self._console)
        wide = self._console.width >= _WIDE
        table = Table(
            box=None, show_header=header, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold"
        )
        table.add_column("", width=2, justify="right", no_wrap=True)
        table.add_column("message", width=_NAME, no_wrap=True)
        for stage in STAGES:
            head = stage if wide else _HEADS.get(stage, stage)
            table.add_column(head, width=max(_CELL, len(stage)) if wide else _CELL, justify="left")
        table.add_column("came to", no_wrap=not wide, width=None if wide else _OUTCOME, overflow="ellipsis")
        for row in rows:
            cells = [_cell(mark, plain) for mark in marks(row)]
            table.add_row(str(row.post.number), escape(row.post.name), *cells, _outcome(row))
        return table


def legend(console: Console) -> str:
    """What the signs mean, in two lines."""
    order = (Passage.PASSED, Passage.STOPPED, Passage.NONE)
    passed, stopped, none = (_SIGNS[one][_is_plain(console)] for one in order)
    return (
        f"{passed} passed, {stopped} stopped, {none} not reached. Milliseconds: at the door until the\n"
        "sender had its answer, after it since the message came in (of the last order)."
    )


def _is_plain(console: Console) -> bool:
    return not console.encoding.lower().startswith("utf")


def _cell(mark: Mark, plain: bool) -> Text:
    sign, ascii_sign, style = _SIGNS[mark.passage]
    text = Text(ascii_sign if plain else sign, style=style)
    if mark.ms is not None:
        text.append(f"{mark.ms:>{_CELL - 1}}", style="default")
    return text


def _outcome(row: Row) -> Text:
    if row.http_status is None:
        return Text("sent", style="dim")
    if row.answered != Answered.ACCEPTED:
        style = "yellow" if row.answered == Answered.DUPLICATE else "red"
        word = "wrong key" if row.answered == Answered.UNAUTHORIZED else row.answered
        return Text(f"{row.http_status} {word}", style=style)
    if row.story is None:
        return Text("accepted", style="dim")
    state = row.story.signal.state
    if state == "blocked":
        return Text(_blocker(row) or state, style="red")
    text = state.replace("_", " ")
    if state in _GOOD:
        count = len(row.story.fills)
        text = f"{count} filled" + (" TEST" if row.story.signal.test else "")
        return Text(text, style="green")
    return Text(text, style="dim" if not row.has_ended else "red")


def _blocker(row: Row) -> str | None:
    if row.story is None:
        return None
    return next(
        (
            one.guardian
            for judged in row.story.judgements
            for one in judged.verdicts
            if one.decision == "block"
        ),
        None,
    )
