"""How a service says no."""

from enum import StrEnum


class Code(StrEnum):
    """What kind of refusal it is, for programs."""

    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"


class Refused(Exception):
    """Nothing was changed. The text is for the user; `problems` lists each of several mistakes."""

    def __init__(self, code: Code, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.problems = problems
