"""One word for what became of a signal, from the states of its parent orders."""

from tradewire.domain.base import Struct
from tradewire.domain.order import ParentState

#: The state of a signal that nobody has routed yet.
WAITING = "waiting"


class Run(Struct):
    """What one algorithm did with a signal. `unknown`: an order of it may or may not be at the broker."""

    parent_id: str
    algorithm: str
    state: ParentState
    unknown: bool = False
    reason: str | None = None
    detail: str | None = None


def state_of(
    status: str, routed: bool, outcome: str | None, reason: str | None, runs: tuple[Run, ...]
) -> tuple[str, str | None]:
    """The state and why.

    `invalid`, `duplicate`, `no_match`, `failed`: it ended without an order. `waiting`: not yet routed.
    `unknown`: look at it. `paused`: for a person. `working`: not all have ended. Otherwise the state in which
    its orders ended, or `mixed` where they ended differently; of two legs one that had nothing to do does not
    count.
    """
    if status != "accepted":
        return status, reason
    if outcome is not None:
        return outcome, reason
    if not runs:
        return ("routed" if routed else WAITING), reason
    if any(run.unknown for run in runs):
        return "unknown", "An order may or may not be at the broker; it is being looked up."
    if any(run.state is ParentState.PAUSED for run in runs):
        return "paused", _why([run for run in runs if run.state is ParentState.PAUSED])
    if any(run.state.is_live for run in runs):
        return "working", None
    counted = _counted(runs)
    ends = {run.state for run in counted}
    if len(ends) == 1:
        return next(iter(ends)).value, _why(counted)
    return "mixed", ", ".join(f"{run.algorithm}: {run.state}" for run in counted)


def _counted(runs: tuple[Run, ...]) -> list[Run]:
    """Without the legs that had nothing to do, where the algorithm's other leg had."""
    acted = {run.algorithm for run in runs if run.state is not ParentState.SKIPPED}
    return [run for run in runs if run.state is not ParentState.SKIPPED or run.algorithm not in acted]


def _why(runs: list[Run]) -> str | None:
    reasons = dict.fromkeys(run.detail or run.reason for run in runs if run.detail or run.reason)
    return " ".join(reason for reason in reasons if reason) or None
