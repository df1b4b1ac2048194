"""What the commands print: tables readable at 80 columns, times to the second, rounded money."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tradewire.cli.options import Common

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_GOOD = frozenset({"filled", "started", "active", "loaded", "accepted", "ok"})
_BAD = frozenset(
    {"blocked", "rejected", "failed", "invalid", "halted", "missing", "quarantined", "no_match", "unknown"}
)
_OPEN = frozenset(
    {"working", "pending", "paused", "waiting", "reducing", "partly_filled", "mixed", "duplicate"}
)


def console() -> "Console":
    """stdout; colours only on a terminal and without NO_COLOR."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def print_json(content: bytes) -> None:
    """The answer as it came, indented."""
    import msgspec

    sys.stdout.write(harmless_json(msgspec.json.format(content, indent=2).decode()) + "\n")


def harmless_json(text: str) -> str:
    """The same JSON with every invisible character escaped: a terminal would obey some of them."""
    if text.isascii():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text
    )


def table(*columns: str, right: Sequence[str] = (), wide: str | None = None) -> "Table":
    """A table without lines; the column `wide` takes the room that is left, and wraps."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=wide is not None, header_style="bold")
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            ratio=1 if name == wide else None,
            no_wrap=name != wide,
            overflow="fold" if name == wide else "ellipsis",
        )
    return made


def state(word: str) -> str:
    """A state with its colour; the word says it without one."""
    shown = word.replace("_", " ")
    if word in _GOOD:
        return f"[green]{shown}[/green]"
    if word in _BAD:
        return f"[red]{shown}[/red]"
    return f"[yellow]{shown}[/yellow]" if word in _OPEN else shown


def clock_header(common: Common) -> str:
    return "Time (UTC)" if common.utc else "Time"


def moment(common: Common, at: datetime | None, *, day: bool = True) -> str:
    """A time in the local zone, or UTC: `03-02 14:30:05`, without the day where it is known."""
    if at is None:
        return "-"
    shown = at.astimezone(UTC if common.utc else None)
    return shown.strftime("%m-%d %H:%M:%S" if day else "%H:%M:%S")


def full_moment(common: Common, at: datetime | None) -> str:
    """The same with its year and zone."""
    if at is None:
        return "-"
    return at.astimezone(UTC if common.utc else None).strftime("%Y-%m-%d %H:%M:%S %Z")


def money(text: str | None) -> str:
    """An amount to the cent; `?` where it is not known."""
    return "?" if text is None else f"{Decimal(text):,.2f}"


def price(text: str | None) -> str:
    """A price to at most 4 decimals, at least 2."""
    if text is None:
        return "?"
    shown = f"{Decimal(text):,.4f}"
    return shown[:-2] if shown.endswith("00") else shown


def escape(text: str | None) -> str:
    """Text from outside, so that it cannot style the screen."""
    from rich.markup import escape as escaped

    return escaped(printable(text or ""))


def printable(text: str) -> str:
    """Text from outside without line breaks and what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def short_ids(ids: Sequence[str], least: int) -> dict[str, str]:
    """The shortest beginnings, of `least` characters or more, that tell these ids apart."""
    length = least
    longest = max((len(one) for one in ids), default=least)
    while length < longest and len({one[:length] for one in ids}) < len(set(ids)):
        length += 1
    return {one: one[:length] for one in ids}
