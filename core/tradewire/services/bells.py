"""How a change asks the engine to look."""

from typing import Protocol


class Bells(Protocol):
    """A ring only says "look": a lost one is rung again by the sweeper, a doubled one finds nothing to do."""

    def route(self) -> None:
        """There are signals to route."""

    def work(self, account_id: str) -> None:
        """Something changed for this account."""


class Silent:
    """For when no engine runs: what is due is a row, and the next engine finds it."""

    def route(self) -> None:
        return

    def work(self, account_id: str) -> None:
        return
