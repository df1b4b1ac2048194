"""Children placed after the admission pass the live guardians: they go, smaller or later, or not. Pure."""

from datetime import datetime
from decimal import Decimal

from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.domain.quantity import round_down
from tradewire.domain.verdict import Decision, Verdict, combine
from tradewire.engine.admission import SHORTEST_DELAY, Admission
from tradewire.engine.changes import Before, Changes
from tradewire.engine.sizing import Size
from tradewire.engine.stepping import Stepper


class LaterChildren:
    """Judges what a step placed for a parent that was admitted before."""

    def __init__(self, changes: Changes, stepper: Stepper, admission: Admission, now: datetime) -> None:
        self._changes = changes
        self._stepper = stepper
        self._admission = admission
        self._now = now

    def judge(self, before: Before, algorithm: Algorithm, instrument: Instrument) -> None:
        """`before` is the parent before the step. The guardians are shown what is left of the order."""
        parent = self._changes.parents[before.parent.id]
        known = {child.client_id for child in before.children}
        children = [one for one in self._changes.children_of(parent) if one.state.is_open]
        placed = [one for one in children if one.client_id not in known]
        if not placed or parent.side is None or parent.quantity is None:
            return
        size = Size(side=parent.side, quantity=parent.remaining or parent.quantity)
        verdicts = self._admission.verdicts(parent, algorithm, instrument, size, live_only=True)
        verdict = combine(verdicts, size.quantity)
        if verdict.decision is Decision.ALLOW:
            return
        self._admission.note_verdicts(parent, verdicts, verdict)
        if verdict.decision is Decision.DELAY:
            self._put_off(parent, placed, verdict)
        elif verdict.decision is Decision.TRIM:
            working = sum((one.open_quantity for one in children if one.client_id in known), Decimal(0))
            self._trim(parent, placed, working, size, verdict, instrument)
        else:
            self._stepper.request_cancel(parent, verdict.message)

    def _put_off(self, parent: ParentOrder, placed: list[ChildOrder], verdict: Verdict) -> None:
        """What was placed is not; the blueprint is asked again then, and places it if it still wants to."""
        for child in placed:
            self._changes.take_back(child)
        soonest = self._now + SHORTEST_DELAY
        times = [one for one in (verdict.until, parent.wake_at) if one is not None]
        self._changes.change(parent, wake_at=max(min(times, default=soonest), soonest))

    def _trim(
        self,
        parent: ParentOrder,
        placed: list[ChildOrder],
        working: Decimal,
        size: Size,
        verdict: Verdict,
        instrument: Instrument,
    ) -> None:
        """The whole order is for less from now on, as it is where it is trimmed at its admission. What is
        `working` at the broker stays; of what was placed now so much goes as there is room for beside it."""
        most = round_down(min(verdict.quantity or Decimal(0), size.quantity), instrument.lot)
        if most <= 0 or most < instrument.min_quantity:
            self._stepper.request_cancel(parent, f"{verdict.message} Nothing is left of the order.")
            return
        self._changes.change(parent, quantity=parent.filled + max(most, working), detail=verdict.message)
        room = max(most - working, Decimal(0))
        for child in placed:
            if child.quantity <= room:
                room -= child.quantity
                continue
            fitting, room = round_down(room, instrument.lot), Decimal(0)
            self._changes.take_back(child)
            if fitting > 0:
                self._stepper.place(parent, child, quantity=fitting)
