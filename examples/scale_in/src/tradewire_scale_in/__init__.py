"""A blueprint: into a position in equal parts, each sent once the last has filled and a pause is over."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from tradewire import (
    Blueprint,
    Cancel,
    Capabilities,
    ChildState,
    Finish,
    Instrument,
    OrderType,
    ParentOrder,
    ParentState,
    Place,
    Step,
    StepView,
    TimeInForce,
    canonical,
    hookimpl,
    round_down,
)
from tradewire.contract.working import awaits_fills, conclusion, size_problems, support_problems


class ScaleInParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`parts` market orders, `pause_s` seconds between a fill and the next."""

    parts: Annotated[int, msgspec.Meta(ge=2, le=100)] = 4
    pause_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60


class ScaleIn(Blueprint):
    """Part k brings what was sent to k/parts of the order, rounded down to the lot: so the parts add up."""

    name = "scale_in"
    Params = ScaleInParams
    order_types = frozenset({OrderType.MARKET})

    def validate(
        self, parent: ParentOrder, params: ScaleInParams, instrument: Instrument, capabilities: Capabilities
    ) -> tuple[str, ...]:
        part = None if parent.quantity is None else parent.quantity / params.parts
        return (
            *support_problems(instrument, capabilities, (OrderType.MARKET,), _tif(parent)),
            *(f"In {params.parts} parts: {problem}" for problem in size_problems(part, instrument)),
        )

    def step(self, view: StepView) -> Step:
        parent, children = view.parent, view.children
        if not children:
            problems = self.validate(parent, view.params, view.instrument, view.capabilities)
            if parent.cancel_requested or problems:
                return _ended(view, "not_workable" if problems else "cancelled", " ".join(problems))
            return _next(view)
        last = children[-1]
        if last.state.is_open:
            return _cancelled(view) if parent.cancel_requested else Step()
        if awaits_fills(parent, last):
            return Step()
        if last.state is not ChildState.FILLED or len(children) == view.params.parts:
            return Step(actions=(conclusion(parent, last),))
        if parent.cancel_requested:
            return _ended(view, "cancelled")
        due = (last.ended_at or last.created_at) + timedelta(seconds=view.params.pause_s)
        return Step(wake_at=due) if view.now < due else _next(view)


def _next(view: StepView) -> Step:
    """The next part; the last one is all that is left."""
    number, parts = len(view.children) + 1, view.params.parts
    wanted = view.parent.quantity or Decimal(0)
    target = wanted if number == parts else wanted * number / parts
    sent = sum((child.quantity for child in view.children), Decimal(0))
    place = Place(
        quantity=round_down(target, view.instrument.lot) - sent,
        order_type=OrderType.MARKET,
        slice=number - 1,
        time_in_force=_tif(view.parent),
    )
    return Step(actions=(place,))


def _cancelled(view: StepView) -> Step:
    last = view.children[-1]
    if last.cancel_requested:
        return Step()
    return Step(actions=(Cancel(client_id=last.client_id, reason="parent_cancelled"),))


def _ended(view: StepView, reason: str, why: str = "") -> Step:
    """An end between two parts, or before the first."""
    filled, wanted = view.parent.filled, view.parent.quantity or Decimal(0)
    if reason == "cancelled":
        state = ParentState.PARTLY_FILLED if filled else ParentState.CANCELLED
        why = f"{canonical(filled)} of {canonical(wanted)} filled; the rest was cancelled before it was sent."
    else:
        state = ParentState.REJECTED
    return Step(actions=(Finish(state=state, reason=reason, message=why),))


def _tif(parent: ParentOrder) -> TimeInForce:
    return parent.time_in_force or TimeInForce.DAY


@hookimpl
def blueprint() -> Sequence[Blueprint]:
    return [ScaleIn()]
