"""`tradewire doctor`: what is looked at, what was found, and what to do about it."""

from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.configured import settings_of
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common

if TYPE_CHECKING:
    from tradewire.services.doctor.finding import Diagnosis, Finding


def register(app: App) -> None:
    app.command(doctor)


def doctor(
    *,
    public: Annotated[
        str | None,
        Parameter(help="Also try this address as TradingView would; it needs no running Tradewire."),
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Look at everything that Tradewire needs; exit code 1 where something fails."""
    from tradewire.services.doctor.finding import Diagnosis

    findings = _inside(common)
    if public is not None:
        findings += _outside(public)
    found = Diagnosis.of(findings)
    if common.json:
        screen.print_json(msgspec.json.encode(found))
    else:
        _print(found)
    if not found.ok:
        raise Stop(Exit.REFUSED, "Not all is well; see what failed.")


def _inside(common: Common) -> "tuple[Finding, ...]":
    """What Tradewire says of itself; where it cannot be asked, what can be seen without it."""
    from tradewire.contract.errors import Unhonoured
    from tradewire.runtime.clock import SystemClock
    from tradewire.runtime.core import key_file_of
    from tradewire.runtime.folder import DataFolder
    from tradewire.services.doctor.disk import disk_findings
    from tradewire.services.doctor.finding import Diagnosis, fail
    from tradewire.services.doctor.surroundings import key_file_finding
    from tradewire.store.database import StoreUnavailable

    try:
        with connect(common) as api:
            return api.get("/doctor").read(Diagnosis).findings
    except (Stop, Unhonoured, StoreUnavailable) as error:
        told = fail("tradewire", str(error), "Until it can be asked, only disk and key file are looked at.")
    folder = DataFolder(common.data)
    if common.url is not None or not folder.path.is_dir():
        return (told,)
    return (
        told,
        *disk_findings(folder.path, SystemClock().monotonic),
        key_file_finding(key_file_of(folder, settings_of(folder))),
    )


def _outside(url: str) -> "tuple[Finding, ...]":
    from tradewire.runtime.clock import SystemClock
    from tradewire.services.doctor.public import public_findings
    from tradewire.services.doctor.reaching import Ways

    clock = SystemClock()
    return public_findings(url, clock, Ways(clock.monotonic))


def _print(found: "Diagnosis") -> None:
    shown = screen.table("", "What", "Found", wide="Found")
    for one in found.findings:
        advice = f"\n[bold]{screen.escape(one.advice)}[/bold]" if one.advice else ""
        shown.add_row(_mark(one), screen.escape(one.name), screen.escape(one.detail) + advice)
    screen.console().print(shown)


def _mark(finding: "Finding") -> str:
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.status.value]
    return f"[{colour}]{finding.status.value}[/{colour}]"
