"""Asking a person, where there is one."""

import getpass
import sys

from tradewire.cli.exits import Exit, Stop


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def hidden(question: str) -> str:
    """A secret typed without showing it; one line of stdin where nobody types."""
    if sys.stdin.isatty():
        return getpass.getpass(question)
    line = sys.stdin.readline()
    if not line:
        raise Stop(Exit.USAGE, f"{question.rstrip(': ')}: give it on stdin, one line.")
    return line.rstrip("\r\n")


def confirm_removal(question: str, yes: bool) -> None:
    """Ask, unless it was said already (`yes`) or nobody is there to ask; ends the command at a no."""
    if not yes and is_interactive() and not yes_or_no(question):
        raise Stop(Exit.REFUSED, "Nothing was removed.")


def yes_or_no(question: str) -> bool:
    """Asked until it is answered."""
    while True:
        sys.stderr.write(f"{question} [y/n] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("n", "no", ""):
            return False
