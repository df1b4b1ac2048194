"""Who is told how long each stage took and how it went. By default nobody is."""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """What is timed: one call of a plugin, or one transaction around it.

    ROUTE and PLAN are whole jobs; SUBMIT lasts from the first byte to the broker's answer; REPORT stores what
    the broker told.
    """

    PARSE = "parse"
    AUTHENTICATE = "authenticate"
    MATCH = "match"
    OVERRIDE = "override"
    ROUTE = "route"
    GUARD = "guard"
    STEP = "step"
    PLAN = "plan"
    SUBMIT = "submit"
    REPORT = "report"


class Observer(Protocol):
    """Called from any thread; it neither blocks nor raises. No argument is a sender's text."""

    def timed(self, stage: Stage) -> AbstractContextManager[None]:
        """Time what runs within it, also where that raises."""

    def judged(self, guardian: str, decision: str) -> None:
        """A guardian has given its verdict."""

    def submitted(self, account: str, outcome: str) -> None:
        """A transmission came to an end; `outcome` is accepted, rejected or unknown."""

    def job_failed(self, job: str) -> None:
        """A job ended by an exception that nothing caught."""


class Unobserved:
    """An `Observer` that does nothing."""

    def timed(self, stage: Stage) -> AbstractContextManager[None]:
        return nullcontext()

    def judged(self, guardian: str, decision: str) -> None:
        return

    def submitted(self, account: str, outcome: str) -> None:
        return

    def job_failed(self, job: str) -> None:
        return


UNOBSERVED = Unobserved()
