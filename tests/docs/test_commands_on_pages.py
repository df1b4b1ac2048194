"""Every command on a page exists, with the options it is shown with."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import pages
from docs.pages import PAGES, ROOT
from tradewire.cli.main import make_app

_CONTINUED = re.compile(r"\\\n\s*")


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_command_of_tradewire_exists(page: Path) -> None:
    wrong = {command: why for command in _commands(page) if (why := _problem(command)) is not None}
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for words in _lines(page) if words[0] == "make" and len(words) > 1}
    assert named <= targets


def test_the_pages_show_commands() -> None:
    assert len([command for page in PAGES for command in _commands(page)]) > 50


def _commands(page: Path) -> Iterator[tuple[str, ...]]:
    for words in _lines(page):
        if words[0] in ("tradewire", ".venv/bin/tradewire"):
            yield words[1:]


def _lines(page: Path) -> Iterator[tuple[str, ...]]:
    """Everything on a page that somebody may type, in words."""
    typed = [
        line.strip()
        for block in pages.blocks(page)
        if block.language in ("sh", "bash", "console")
        for line in _CONTINUED.sub(" ", block.code).splitlines()
    ]
    for line in (*typed, *pages.inline_codes(page)):
        if not line.startswith(("tradewire ", ".venv/bin/tradewire ", "make ")):
            continue
        words = shlex.split(
            re.split(r"\s\|\s", line.replace("--absent|--filled", "--absent"))[0], comments=True
        )
        yield tuple(word for word in words if word != "…")


def _problem(command: tuple[str, ...]) -> str | None:
    app = make_app()
    if command[:1] in (("--help",), ("--version",)):
        return None
    chain, apps, rest = app.parse_commands(command)
    last = apps[-1]
    if command and not chain:
        return f"there is no command {command[0]}"
    if last.default_command is None:
        return f"there is no {rest[0]} in {' '.join(chain)}" if rest else None
    known = {name for argument in last.assemble_argument_collection() for name in argument.names}
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    unknown = [option for option in options if option not in {*known, "--help"}]
    return f"it has no {', '.join(unknown)}" if unknown else None
