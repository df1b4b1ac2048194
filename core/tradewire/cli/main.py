"""`tradewire`: every command, and how a command that is refused ends."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from cyclopts import App, Parameter

from tradewire.cli.exits import Exit, Stop

if TYPE_CHECKING:
    from cyclopts import CycloptsError

#: Each module has `register(app)`, which adds its commands; a new part adds its name here.
PARTS = (
    "up",
    "serve",
    "worker",
    "demo",
    "status",
    "signals",
    "orders",
    "positions",
    "algorithms",
    "accounts",
    "switches",
    "keys",
    "tokens",
    "plugins",
    "audit",
    "backup",
    "restore",
    "doctor",
    "confirm",
)

_WELCOME = """Tradewire wires trading signals to brokers.

  tradewire up                  start it here; makes everything on the first start
  tradewire demo                see it work, on paper, in a minute

  tradewire signals --follow    what came in, and what became of it
  tradewire signal show ID      one signal through every stage
  tradewire positions           what is held, and profit
  tradewire halt --reason WHY   stop everything

tradewire --help lists all commands; COMMAND --help explains one.
"""


def make_app() -> App:
    """The app with every part's commands."""
    app = App(
        name="tradewire",
        help="Wires trading signals to brokers: durable, guarded, explainable.",
        version=_version,
        version_flags=["--version"],
        help_flags=["--help", "-h"],
        help_format="plaintext",
        default_parameter=Parameter(show_default=_default),
    )

    @app.default
    def welcome() -> None:
        """What to type first."""
        sys.stdout.write(_WELCOME)

    for part in PARTS:
        import_module(f"tradewire.cli.{part}").register(app)
    return app


def _default(value: object) -> str | None:
    """What --help shows: nothing of a flag that is off, or of what is empty."""
    return None if value is None or value is False or value == () else str(value)


def _version() -> str:
    from importlib.metadata import version

    return version("tradewire")


def run() -> None:
    """The console script: runs one command and exits with its code."""
    from tradewire.crashpoints import arm

    try:
        arm(os.environ)
    except ValueError as error:
        sys.exit(_say(Exit.USAGE, str(error)))
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command; whatever goes wrong is a sentence on stderr and an exit code."""
    from tradewire.contract.errors import Unhonoured

    app = make_app()
    unknown = _no_such_command(app, arguments)
    if unknown is not None:
        return _say(Exit.USAGE, unknown)
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except Stop as stop:
        return _say(stop.code, stop.sentence, stop.problems)
    except Unhonoured as refused:
        return _say(Exit.REFUSED, str(refused))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as with `| head`.
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 - a user is told in a sentence, never by a traceback
        usage = _usage(error)
        if usage is not None:
            return _say(Exit.USAGE, usage)
        return _say(Exit.REFUSED, _unexpected(error))
    return Exit.OK


def _usage(error: Exception) -> str | None:
    """What was wrong with the command line, as a sentence; None where something else failed."""
    from cyclopts import (
        CoercionError,
        CycloptsError,
        MissingArgumentError,
        UnknownCommandError,
        UnusedCliTokensError,
        ValidationError,
    )

    if isinstance(error, MissingArgumentError) and error.argument is not None:
        command = " ".join(("tradewire", *(error.command_chain or ())))
        missing = error.keyword or error.argument.name
        what = f"{missing} needs a value" if error.keyword else f"{missing} is missing"
        return f"{what}. `{command} --help` lists what it takes."
    if isinstance(error, ValidationError) and error.argument is not None:
        return f"{_named(error)} {error.exception_message}, not {error.argument.value}."
    if isinstance(error, CoercionError) and error.target_type is int and error.token is not None:
        return f"{_named(error)} is a whole number, not {error.token.value}."
    if isinstance(error, UnknownCommandError | UnusedCliTokensError):
        words = " ".join(error.unused_tokens or ()) if isinstance(error, UnusedCliTokensError) else ""
        there = f'There is no command or argument "{words}" here.' if words else str(error)
        return f"{there} `tradewire --help` lists the commands."
    return str(error) if isinstance(error, CycloptsError) else None


def _no_such_command(app: App, arguments: list[str]) -> str | None:
    """What was probably meant, where the first word is no command."""
    from difflib import get_close_matches

    names = [name for name in app if not name.startswith("-")]
    if not arguments or arguments[0].startswith("-") or arguments[0] in names:
        return None
    near = get_close_matches(arguments[0], names, n=1)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    return f'There is no command "{arguments[0]}".{meant} `tradewire --help` lists the commands.'


def _named(error: "CycloptsError") -> str:
    """The option as it was written."""
    argument = error.argument
    if argument is None:
        return "It"
    return next((token.keyword for token in argument.tokens if token.keyword), None) or argument.name


def _unexpected(error: Exception) -> str:
    from tradewire.security.redaction import redact_text
    from tradewire.store.database import StoreUnavailable

    if isinstance(error, OSError) and error.filename is not None:
        return redact_text(f"The file {error.filename} cannot be used: {error.strerror}.")
    if isinstance(error, StoreUnavailable | OSError):
        return redact_text(str(error))
    return f"Tradewire failed ({type(error).__name__}): {redact_text(str(error))}"


def _say(code: Exit, sentence: str, problems: tuple[str, ...] = ()) -> int:
    """One sentence, or one line for each mistake."""
    from tradewire.cli.screen import printable

    lines = [printable(line) for line in (problems if len(problems) > 1 else sentence.splitlines())]
    for line in lines:
        sys.stderr.write(("- " if len(problems) > 1 else "") + line + "\n")
    return code
