"""How far the next look at an account's waiting orders has to read. Pure.

As a rule those that were accepted first are all that a plan can decide about. Where they have to wait, the
first few of each symbol are read instead, so that one lane that is held up starves no other. Only where an
order waits in a way in which others may pass it can those further back matter: each look then reads twice as
far as the one before, until one has seen all.
"""

from tradewire.domain.base import Struct
from tradewire.domain.order import ParentState
from tradewire.engine.account_view import AccountView
from tradewire.engine.inbox import WAITING_PER_DECISION


class Progress(Struct):
    """What became of the pending orders in one plan: how many it weighed (`decided`), how many are pending no
    longer (`ended`), and whether one waits that others may pass (`passable`)."""

    decided: int
    ended: int
    passable: bool


def next_reach(view: AccountView, progress: Progress) -> int:
    """The next look's `reach`, as `inbox.read_inbox` takes it."""
    is_full = progress.decided >= view.at_once
    if not view.cut:
        pending = sum(one.state is ParentState.PENDING for one in view.parents)
        is_long = pending > view.at_once * WAITING_PER_DECISION
        return view.reach if is_long and not is_full else 0
    if view.reach == 0:
        return 0 if is_full or progress.ended * 4 >= view.at_once else 1
    if progress.passable:
        return view.reach + 1
    return 0 if is_full else view.reach
