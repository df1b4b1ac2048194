"""`tradewire audit check`: the history against the promises, here or from an exported file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common

if TYPE_CHECKING:
    from tradewire.audit.finding import Report
    from tradewire.audit.posts import Post
    from tradewire.audit.venue import VenueBook


def check(
    export: Annotated[Path | None, Parameter(help="Check this export instead of the database.")] = None,
    /,
    *,
    venue: Annotated[Path | None, Parameter(help="The venue's own orders and executions (JSON).")] = None,
    acknowledged: Annotated[
        Path | None, Parameter(help="Ids of signals that were answered as accepted, one a line.")
    ] = None,
    settled: Annotated[bool, Parameter(negative="", help="Whatever is open counts as a finding.")] = False,
    common: Common = DEFAULT,
) -> None:
    """Check the whole history against the promises; exit code 1 where one was broken."""
    from tradewire.audit.finding import Report

    book = _book(venue)
    posts = _posts(acknowledged)
    if export is None:
        wanted: dict[str, Any] = {"book": book, "acknowledged": posts, "settled": settled}
        with connect(common) as api:
            report = api.post("/audit/check", msgspec.to_builtins(wanted)).read(Report)
    else:
        report = _check_file(export, book, posts, settled)
    if common.json:
        screen.print_json(msgspec.json.encode(report))
    else:
        _print(report)
    if not report.ok:
        found = sum(report.counts.values())
        raise Stop(Exit.REFUSED, f"The history breaks promises; places where it does: {found}.")


def _check_file(export: Path, book: "VenueBook | None", posts: "tuple[Post, ...]", settled: bool) -> "Report":
    from tradewire.audit.check import check as check_lines
    from tradewire.audit.check import with_damage
    from tradewire.ledger.verify_export import read_export, verify_export

    try:
        with export.open(encoding="utf-8", newline="") as lines:
            verified = verify_export(lines)
        with export.open(encoding="utf-8", newline="") as lines:
            report = check_lines(read_export(lines), settled=settled, book=book, acknowledged=posts)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(export, error) from error
    return with_damage(report, verified)


def _book(file: Path | None) -> "VenueBook | None":
    from tradewire.audit.venue import read_venue

    if file is None:
        return None
    try:
        return read_venue(file.read_bytes())
    except OSError as error:
        raise _unreadable(file, error) from error


def _posts(file: Path | None) -> "tuple[Post, ...]":
    from tradewire.audit.posts import read_posts

    if file is None:
        return ()
    try:
        return read_posts(file.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError | UnicodeDecodeError) -> Stop:
    why = error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
    return Stop(Exit.USAGE, f"The file {file} cannot be read: {why}.")


def _print(report: "Report") -> None:
    out = screen.console()
    out.print(
        f"{report.entries:,} entries: {report.accepted:,} signals accepted, {report.orders:,} orders, "
        f"{report.fills:,} fills; {report.live} not ended, {report.unknown} of unknown fate."
    )
    if report.ok:
        out.print("[green]Every promise that a history can show was kept.[/green]")
        return
    for code, count in report.counts.items():
        out.print(f"[red]{count:>6}[/red]  {code}")
    for one in report.findings:
        where = "end" if one.number is None else f"entry {one.number}"
        out.print(f"[red]{one.code}[/red]  {where}: {screen.escape(one.sentence)}")
