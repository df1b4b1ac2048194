"""Exit codes, and how a command ends early."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    DAMAGED = 4


class Stop(Exception):
    """The command ends with this exit code and sentence (on stderr)."""

    def __init__(self, code: Exit, sentence: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.problems = problems
