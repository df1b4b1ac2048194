"""`tradewire audit …`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.audit_check import check
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.ranges import from_one

if TYPE_CHECKING:
    from tradewire.ledger.checkpoint import Checkpoint
    from tradewire.services.audit import VerificationView

audit = App(name="audit", help="The ledger: verify it, check what it tells, keep a checkpoint, export it.")
audit.command(check)

Checkpoints = Annotated[
    tuple[Path, ...],
    Parameter(name="--checkpoint", negative="", help="A checkpoint's file that was kept outside."),
]
Force = Annotated[bool, Parameter(negative="", help="Write over a file that is there already.")]


def register(app: App) -> None:
    app.command(audit)


@audit.command
def verify(
    export: Annotated[Path | None, Parameter(help="Verify this export instead of the database.")] = None,
    /,
    *,
    checkpoint: Checkpoints = (),
    common: Common = DEFAULT,
) -> None:
    """Go through the whole ledger; exit code 4 where anything was changed."""
    from tradewire.services.audit import VerificationView

    kept = [_checkpoint(file) for file in checkpoint]
    if export is None:
        with connect(common) as api:
            answer = api.post("/audit/verify", {"checkpoints": msgspec.to_builtins(kept)})
            found = answer.read(VerificationView)
    else:
        found = _verify_file(export, kept)
    if common.json:
        screen.print_json(msgspec.json.encode(found))
    else:
        _print(found)
    if not found.ok:
        raise Stop(Exit.DAMAGED, f"The ledger was changed; places that do not hold: {found.found}.")


@audit.command(name="checkpoint")
def keep_checkpoint(
    out: Annotated[Path | None, Parameter(help="A file to write it to; stdout otherwise.")] = None,
    /,
    *,
    force: Force = False,
    common: Common = DEFAULT,
) -> None:
    """The last entry's number and hash; keep it where nobody who can change the database can reach."""
    from tradewire.ledger.checkpoint import Checkpoint, to_json

    _require_new(out, force)
    with connect(common) as api:
        line = to_json(api.post("/audit/checkpoint").read(Checkpoint)) + "\n"
    if out is None:
        sys.stdout.write(line)
        return
    _write(out, line)
    if common.json:
        sys.stdout.write(line)
    else:
        sys.stdout.write(f"The checkpoint is in {out}. Keep it outside this machine.\n")


@audit.command
def export(
    out: Annotated[Path | None, Parameter(help="A file to write to; stdout otherwise.")] = None,
    /,
    *,
    form: Annotated[Literal["jsonl", "csv"], Parameter(name="--format", help="The file's format.")] = "jsonl",
    first: Annotated[int, Parameter(help="The first entry's number.", validator=from_one)] = 1,
    last: Annotated[int | None, Parameter(help="The last entry's number.", validator=from_one)] = None,
    force: Force = False,
    common: Common = DEFAULT,
) -> None:
    """The ledger's entries, for whoever verifies them without the database."""
    _require_new(out, force)
    with connect(common) as api:
        pieces = api.stream("/audit/export", form=form, first=first, last=last)
        if out is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            return
        size = 0
        try:
            with out.open("wb") as file:
                for piece in pieces:
                    size += file.write(piece)
        except OSError as error:
            raise Stop(Exit.REFUSED, f"The file {out} cannot be written: {error.strerror}.") from error
    if common.json:
        screen.print_json(msgspec.json.encode({"file": str(out), "bytes": size}))
    else:
        sys.stdout.write(f"The ledger is in {out} ({size:,} bytes).\n")


def _require_new(out: Path | None, force: bool) -> None:
    """What was kept to compare with later is not lost by a slip of the keyboard."""
    if out is not None and out.exists() and not force and not out.is_char_device():
        raise Stop(Exit.REFUSED, f"{out} exists already; choose another name, or write over it with --force.")


def _verify_file(export: Path, kept: "list[Checkpoint]") -> "VerificationView":
    from tradewire.ledger.verify_export import verify_export
    from tradewire.services.audit import VerificationView

    try:
        with export.open(encoding="utf-8", newline="") as lines:
            found = verify_export(lines, kept)
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(Exit.USAGE, f"The file {export} cannot be read: {_why(error)}.") from error
    return VerificationView.of(found)


def _print(found: "VerificationView") -> None:
    out = screen.console()
    out.print(
        f"{found.entries:,} entries verified up to number {found.last}, {found.unsealed} not sealed yet."
    )
    if found.checkpoints:
        agree = "1 checkpoint agrees" if found.checkpoints == 1 else f"{found.checkpoints} checkpoints agree"
        out.print(f"{agree}.")
    for problem in found.problems:
        out.print(f"[red]{problem.damage}[/red]  {screen.escape(problem.sentence)}")
    if found.ok:
        out.print("[green]Nothing was changed.[/green]")


def _checkpoint(file: Path) -> "Checkpoint":
    from tradewire.contract.errors import Unhonoured
    from tradewire.ledger.checkpoint import from_json

    try:
        return from_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(Exit.USAGE, f"The checkpoint {file} cannot be read: {_why(error)}.") from error
    except Unhonoured as refused:
        raise Stop(Exit.USAGE, f"{file}: {refused}") from refused


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Stop(Exit.REFUSED, f"The file {file} cannot be written: {error.strerror}.") from error
