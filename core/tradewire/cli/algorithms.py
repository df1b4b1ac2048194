"""`tradewire algorithm …`."""

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.ask import confirm_removal, is_interactive, yes_or_no
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common

if TYPE_CHECKING:
    from tradewire.services.algorithm_view import AlgorithmView

algorithm = App(name="algorithm", help="Algorithms: what they listen to, trade, and may not exceed.")


def register(app: App) -> None:
    app.command(algorithm)


@algorithm.command
def add(
    file: Path,
    /,
    *,
    start: Annotated[bool, Parameter(negative="", help="Start it as well.")] = False,
    shorts: Annotated[
        bool | None,
        Parameter(negative="--no-shorts", help="May it sell short? For a file that does not say."),
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Save the algorithm of a TOML file; it is stopped until it is started."""
    text = _read(file)
    if shorts is None and is_interactive() and _leaves_shorts_open(text):
        shorts = yes_or_no("Its action is dynamic, so a SELL may open a short position. Are shorts allowed?")
    from tradewire.services.algorithm_view import AlgorithmView, SavedAlgorithm

    with connect(common) as api:
        saved = api.post("/algorithms", {"toml": text, "allow_shorts": shorts}).read(SavedAlgorithm)
        if start:
            started = api.post(f"/algorithms/{saved.algorithm.id}/start").read(AlgorithmView)
            saved = SavedAlgorithm(algorithm=started, warnings=saved.warnings)
    if common.json:
        screen.print_json(msgspec.json.encode(saved))
        return
    for warning in saved.warnings:
        sys.stderr.write(f"Note: {warning}\n")
    name = saved.algorithm.name
    then = "" if start else f" Start it with `tradewire algorithm start {name}`."
    sys.stdout.write(f"The algorithm {name} is saved and {saved.algorithm.state}.{then}\n")


@algorithm.command
def update(
    file: Path,
    /,
    *,
    of: Annotated[
        str | None, Parameter(help="The algorithm to replace, where the file gives it a new name.")
    ] = None,
    shorts: Annotated[
        bool | None,
        Parameter(negative="--no-shorts", help="May it sell short? Without a word that stays as it is."),
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Replace the algorithm that a TOML file names; started or stopped it stays."""
    text = _read(file)
    with connect(common) as api:
        answer = api.put("/algorithms", {"toml": text, "allow_shorts": shorts, "of": of})
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.algorithm_view import SavedAlgorithm

    saved = answer.read(SavedAlgorithm)
    for warning in saved.warnings:
        sys.stderr.write(f"Note: {warning}\n")
    one = saved.algorithm
    sys.stdout.write(f"The algorithm {one.name} is changed from now on; it is {one.state}.\n")


@algorithm.command
def remove(
    name: str,
    /,
    *,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    common: Common = DEFAULT,
) -> None:
    """Take a stopped algorithm away, once no order of it is live and it holds nothing."""
    confirm_removal(f"Remove the algorithm {name}?", yes)
    with connect(common) as api:
        answer = api.delete(f"/algorithms/{quote(name, safe='')}")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.algorithm_view import AlgorithmView

    gone = answer.read(AlgorithmView)
    sys.stdout.write(f"The algorithm {gone.name} is removed; the ledger keeps what happened through it.\n")


@algorithm.command(name="list")
def list_algorithms(*, common: Common = DEFAULT) -> None:
    """Every algorithm with its state."""
    with connect(common) as api:
        answer = api.get("/algorithms")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.algorithm_view import AlgorithmView

    algorithms = answer.read(list[AlgorithmView])
    if not algorithms:
        sys.stdout.write("No algorithm yet. `tradewire algorithm add FILE.toml` adds one.\n")
        return
    shown = screen.table("Name", "State", "Account", "What", wide="What")
    for one in algorithms:
        until = f", until {screen.full_moment(common, one.valid_until)}" if one.valid_until else ""
        shown.add_row(
            screen.escape(one.name),
            screen.state(one.state),
            screen.escape(one.account),
            screen.escape(f"{_order(one)}, {one.blueprint.name}, on {one.provider} “{one.signal_id}”{until}"),
        )
    screen.console().print(shown)


@algorithm.command
def show(name: str, /, *, common: Common = DEFAULT) -> None:
    """One algorithm and the chain of plugins that its signals pass."""
    with connect(common) as api:
        answer = api.get(f"/algorithms/{quote(name, safe='')}")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.algorithm_view import AlgorithmDetail

    detail = answer.read(AlgorithmDetail)
    out = screen.console()
    facts = screen.table("Fact", "Value", wide="Value")
    facts.show_header = False
    for label, text in _facts(common, detail.algorithm):
        facts.add_row(f"[bold]{label}[/bold]", text)
    out.print(facts)
    out.print()
    chain = screen.table("Stage", "Plugin", wide="Plugin")
    before = ""
    for link in detail.chain:
        problem = f"  [red]{screen.escape(link.problem)}[/red]" if link.problem else ""
        chain.add_row("" if link.stage == before else link.stage, screen.escape(link.plugin) + problem)
        before = link.stage
    out.print(chain)


@algorithm.command
def start(name: str, /, *, common: Common = DEFAULT) -> None:
    """Let an algorithm act."""
    _switch(common, name, "start", None)


@algorithm.command
def stop(
    name: str, /, *, reason: Annotated[str | None, Parameter(help="Why.")] = None, common: Common = DEFAULT
) -> None:
    """Let an algorithm match nothing from now on; working orders go on."""
    _switch(common, name, "stop", {"reason": reason})


def _switch(common: Common, name: str, verb: str, body: dict[str, Any] | None) -> None:
    with connect(common) as api:
        answer = api.post(f"/algorithms/{quote(name, safe='')}/{verb}", body)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.algorithm_view import AlgorithmView

    one = answer.read(AlgorithmView)
    until = f" until {screen.full_moment(common, one.valid_until)}" if one.valid_until else ""
    sys.stdout.write(f"The algorithm {one.name} is {one.state}{until}.\n")


def _facts(common: Common, one: "AlgorithmView") -> list[tuple[str, str]]:
    on = [name for name in ("symbol", "action", "quantity", "order") if getattr(one.dynamic, name)]
    ends = screen.full_moment(common, one.valid_until) if one.valid_until else "no end set"
    facts = [
        ("Algorithm", f"{screen.escape(one.name)}  ({one.id})"),
        (
            "State",
            screen.state(one.state) + (f": {screen.escape(one.state_reason)}" if one.state_reason else ""),
        ),
        ("Account", screen.escape(one.account)),
        ("Listens to", screen.escape(f"{one.provider} “{one.signal_id}”")),
        ("Order", screen.escape(", ".join([_order(one), *_stop(one)]))),
        ("From message", ", ".join(on) or "nothing"),
        ("Shorts", "allowed" if one.allow_shorts else "not allowed"),
        ("On opposite", _ON_OPPOSITE[one.on_opposite]),
        ("Entries", f"{one.max_entries} at most in a position" if one.max_entries else "any number"),
        ("When closed", _WHEN_CLOSED[one.when_closed]),
        ("Blueprint", _plugged(one.blueprint.name, one.blueprint.params)),
        ("Validity", f"{one.validity.kind}, {ends}"),
    ]
    return facts + [("Guardian", _plugged(guard.name, guard.params)) for guard in one.guardians]


def _order(one: "AlgorithmView") -> str:
    """What it asks for: "buy 10 AAPL", "buy AAPL for 2 % of equity"."""
    in_units = one.sizing.kind == "quantity"
    return f"{one.side} {one.size} {one.symbol}" if in_units else f"{one.side} {one.symbol} for {one.size}"


def _stop(one: "AlgorithmView") -> list[str]:
    parts = []
    if one.sizing.stop_percent is not None:
        parts.append(f"stop taken at {one.sizing.stop_percent:f} %")
    if one.sizing.stop == "size_only":
        parts.append("the message's stop for the size alone")
    return parts


_ON_OPPOSITE = {
    "net": "trades its quantity",
    "close": "only closes",
    "swap": "closes, then opens on the other side",
}
_WHEN_CLOSED = {
    "reject": "entries are rejected, exits wait for the open",
    "queue": "waits for the open",
    "extended": "limit orders outside the session",
}


def _plugged(name: str, params: dict[str, Any]) -> str:
    return screen.escape(" ".join([name, *(f"{key}={value}" for key, value in params.items())]))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Stop(Exit.USAGE, f"The file {file} cannot be read: {why}.") from error


def _leaves_shorts_open(text: str) -> bool:
    """Whether the file makes the action dynamic without saying whether shorts are allowed."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    dynamic = document.get("dynamic")
    return isinstance(dynamic, dict) and dynamic.get("action") is True and "allow_shorts" not in document
