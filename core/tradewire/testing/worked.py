"""One parent order under a blueprint, with a test in the place of engine and broker."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tradewire.answers import sound
from tradewire.contract.blueprint import Blueprint, Cancel, Finish, Place, Step, StepView
from tradewire.domain.ids import client_order_id
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder, ParentState, Side
from tradewire.testing import builders

ZERO = Decimal(0)


class WorkedOrder:
    """`step` asks the blueprint and carries out what it says, and holds it to what core would hold it to.

    The test says what the broker does: `fill`, `end`, `change`; and what the user does: `cancel`.
    Quantities are in the instrument's units.
    """

    def __init__(
        self, blueprint: Blueprint, params: Any, parent: ParentOrder | None = None, **view: Any
    ) -> None:
        """`params` decoded; `view` are further fields of the `StepView`."""
        self.blueprint = blueprint
        self.params = params
        self.parent = parent or builders.parent()
        self.now = builders.NOW
        self.children: list[ChildOrder] = []
        self.finish: Finish | None = None
        self.wake_at: datetime | None = None
        self._given = view

    def view(self) -> StepView:
        return builders.step_view(
            now=self.now,
            parent=self.parent,
            children=tuple(self.children),
            params=self.params,
            **self._given,
        )

    def step(self) -> Step:
        """Asked twice with the same view, since what keeps nothing says the same twice."""
        step = sound(self.blueprint.step(self.view()), Step)
        assert self.blueprint.step(self.view()) == step, "the same view, and another answer"
        for action in step.actions:
            assert self.finish is None, "Finish comes last"
            self._carry_out(action)
        self.wake_at = step.wake_at
        return step

    def stands_still(self) -> bool:
        """Whether nothing would ever happen again: no open child, no time to wake at, and no end."""
        return self.finish is None and not self.open_children() and self.wake_at is None

    def open_children(self) -> list[int]:
        return [index for index, child in enumerate(self.children) if child.state.is_open]

    def filled(self) -> Decimal:
        return sum((child.filled for child in self.children), ZERO)

    def working(self) -> Decimal:
        return sum((child.open_quantity for child in self.children), ZERO)

    def change(self, index: int, **changes: Any) -> None:
        self.children[index] = msgspec.structs.replace(self.children[index], **changes)

    def fill(self, index: int, quantity: Decimal | None = None) -> None:
        """A fill of an open child, of all that is open where no quantity is given."""
        child = self.children[index]
        quantity = child.open_quantity if quantity is None else min(quantity, child.open_quantity)
        filled = child.filled + quantity
        state = ChildState.FILLED if filled == child.quantity else ChildState.PARTLY_FILLED
        ended_at = self.now if state is ChildState.FILLED else None
        self.change(index, filled=filled, state=state, ended_at=ended_at)
        self.parent = msgspec.structs.replace(self.parent, filled=self.parent.filled + quantity)

    def end(self, index: int, state: ChildState, **more: Any) -> None:
        """The broker ends a child: `ChildState.CANCELLED`, `REJECTED` or `EXPIRED`."""
        self.change(index, state=state, ended_at=self.now, **more)

    def cancel(self) -> None:
        """The user, or a later signal, wants the whole order gone."""
        self.parent = msgspec.structs.replace(self.parent, cancel_requested=True)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _carry_out(self, action: Place | Cancel | Finish) -> None:
        if isinstance(action, Place):
            self._place(action)
        elif isinstance(action, Cancel):
            index = [child.client_id for child in self.children].index(action.client_id)
            assert self.children[index].state.is_open, "a child that has ended is cancelled"
            self.change(index, cancel_requested=True)
        else:
            self._end(action)

    def _place(self, action: Place) -> None:
        client_id = client_order_id(self.parent.id, action.leg, action.slice, action.generation)
        if client_id in {child.client_id for child in self.children}:
            return
        instrument = self.view().instrument
        assert not self.parent.cancel_requested, "the order was cancelled, and more is placed"
        assert action.quantity > 0, "a child of nothing is placed"
        assert action.quantity % instrument.lot == 0, "a child is no multiple of the lot"
        self.children.append(
            ChildOrder(
                client_id=client_id,
                parent_id=self.parent.id,
                account_id=self.parent.account_id,
                instrument_id=instrument.id,
                leg=action.leg,
                slice=action.slice,
                generation=action.generation,
                side=self.parent.side or Side.BUY,
                quantity=action.quantity,
                order_type=action.order_type,
                limit_price=action.limit_price,
                stop_price=action.stop_price,
                time_in_force=action.time_in_force,
                created_at=self.now,
            )
        )
        wanted = self.parent.quantity or ZERO
        assert self.filled() + self.working() <= wanted, "more is filled and open than was ordered"

    def _end(self, action: Finish) -> None:
        wanted, filled = self.parent.quantity or ZERO, self.filled()
        assert not self.open_children(), "it finishes while a child is open"
        assert action.reason, "it finishes without a reason"
        assert not action.state.is_live, f"{action.state} is no end"
        assert (action.state is ParentState.FILLED) == (filled >= wanted), (
            f"{filled} filled, and {action.state}"
        )
        assert (action.state is ParentState.PARTLY_FILLED) == (0 < filled < wanted), (
            f"{filled} filled, and {action.state}"
        )
        self.finish = action
