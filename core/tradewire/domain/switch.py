"""The kill switch's three positions."""

from datetime import datetime
from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.verdict import Scope


class SwitchState(StrEnum):
    """ACTIVE lets everything pass, REDUCING only exits, HALTED nothing but cancels."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class Switch(Struct):
    """The switch of one scope. `epoch` rises with every change and is read again right before a send."""

    scope: Scope
    scope_id: str = ""
    state: SwitchState = SwitchState.ACTIVE
    epoch: int = 0
    reason: str | None = None
    by: str | None = None
    changed_at: datetime | None = None
