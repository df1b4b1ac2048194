"""Working an admitted parent: its blueprint's step, checked and turned into children. Pure."""

from datetime import datetime
from decimal import Decimal
from traceback import format_exception_only
from typing import Any

import msgspec

from tradewire import pipeline
from tradewire.brokerage.release import content_of
from tradewire.contract.blueprint import Action, Cancel, Finish, Place, Step, StepView
from tradewire.contract.capabilities import Capabilities
from tradewire.contract.errors import Unhonoured
from tradewire.domain import ids
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import (
    ChildOrder,
    ChildState,
    OrderType,
    ParentOrder,
    ParentState,
    TimeInForce,
)
from tradewire.domain.quantity import canonical
from tradewire.engine.changes import Before, Changes
from tradewire.plugins import Plugins

_ENDS = frozenset(
    {
        ParentState.FILLED,
        ParentState.PARTLY_FILLED,
        ParentState.CANCELLED,
        ParentState.REJECTED,
        ParentState.EXPIRED,
        ParentState.FAILED,
    }
)

#: What a database holds in an INTEGER.
_HIGHEST = 2**31 - 1


def blueprint_params(plugins: Plugins, algorithm: Algorithm, name: str) -> Any:
    """The algorithm's parameters for its own blueprint; the defaults for one that the message chose."""
    written = algorithm.blueprint.params if algorithm.blueprint.name == name else {}
    return msgspec.convert(written, plugins.blueprint(name).Params, strict=False)


class Stepper:
    """Steps parents at one moment, into one set of changes."""

    def __init__(
        self, plugins: Plugins, changes: Changes, now: datetime, capabilities: Capabilities, ready: bool
    ) -> None:
        """While the account is not `ready`, nothing is placed: a step that would stays due."""
        self._plugins = plugins
        self._changes = changes
        self._now = now
        self._capabilities = capabilities
        self._ready = ready

    def step(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, quote: Quote | None
    ) -> None:
        """Apply one step of a WORKING parent, whose cancel was not asked for: all of it, or nothing where the
        blueprint fails, and then the parent alone is paused."""
        children = self._changes.children_of(parent)
        if not self._ready and not children:
            return
        before = self._changes.before(parent)
        try:
            view = StepView(
                now=self._now,
                parent=parent,
                children=children,
                instrument=instrument,
                capabilities=self._capabilities,
                params=blueprint_params(self._plugins, algorithm, parent.blueprint),
                quote=quote,
            )
            step = pipeline.step(self._plugins, parent.blueprint, view)
            if self._ready or not any(isinstance(action, Place) for action in step.actions):
                self._apply(parent, instrument, step)
        except (pipeline.StageFailed, Unhonoured, msgspec.ValidationError, _Refused) as error:
            self.give_up(before, str(error))
        # Not `Exception` alone: whatever a blueprint does, the account's other orders go on.
        except BaseException as error:  # noqa: BLE001
            self.give_up(before, f"The blueprint {parent.blueprint!r} failed with {told(error)}")

    def give_up(self, before: Before, why: str) -> None:
        """Drop what was wanted for a parent in this look, and pause it."""
        self._changes.undo(before)
        # What a plugin says may hold half a character, which no database takes.
        self.pause(before.parent, why.encode(errors="replace").decode())

    def request_cancel(
        self, parent: ParentOrder, reason: str, made_way_for: ParentOrder | None = None
    ) -> None:
        """End a parent: at once where nothing is at the broker, else as soon as its children have ended."""
        if parent.cancel_requested:
            return
        asked = self._changes.change(
            parent,
            cancel_requested=True,
            made_way_for=made_way_for.id if made_way_for is not None else None,
            wake_at=self._now,
        )
        self._note(asked, EntryKind.PARENT_CANCEL_REQUESTED, reason)
        if parent.state is ParentState.PENDING:
            self.end(asked, ParentState.CANCELLED, "cancelled", reason)
        else:
            self.wind_down(asked)

    def end(self, parent: ParentOrder, state: ParentState, reason: str, detail: str) -> None:
        ended = self._changes.change(
            parent, state=state, reason=reason, detail=detail, ended_at=self._now, wake_at=None
        )
        self._note(
            ended,
            EntryKind.PARENT_ENDED,
            detail,
            state=state.value,
            code=reason,
            quantity=canonical(ended.quantity) if ended.quantity is not None else None,
            filled=canonical(ended.filled),
        )

    def pause(self, parent: ParentOrder, why: str) -> None:
        """Stop working a parent until a person looks; what it reserved stays reserved."""
        paused = self._changes.change(
            parent, state=ParentState.PAUSED, reason="blueprint_failed", detail=why, wake_at=None
        )
        self._note(paused, EntryKind.PARENT_PAUSED, why)
        self._note(paused, EntryKind.ALERT_RAISED, f"A parent order is paused: {why}")

    def wind_down(self, parent: ParentOrder) -> None:
        """Cancel what is open of a parent whose cancel was asked for; end it once nothing is."""
        for child in self._changes.children_of(parent):
            if child.state.is_open:
                self._cancel(child, "the parent order is being cancelled")
        if self._open_children(parent):
            self._changes.change(parent, wake_at=None)
            return
        full = parent.quantity is not None and parent.filled >= parent.quantity
        some = ParentState.PARTLY_FILLED if parent.filled > 0 else ParentState.CANCELLED
        self.end(
            parent,
            ParentState.FILLED if full else some,
            "cancelled",
            "Cancelled; nothing of it is open any more.",
        )

    def _apply(self, parent: ParentOrder, instrument: Instrument, step: Step) -> None:
        if any(isinstance(action, Finish) for action in step.actions[:-1]):
            raise _Refused(f"The blueprint {parent.blueprint!r} wanted to go on after it had finished.")
        open_before = self._open_children(parent)
        for action in step.actions:
            self._act(parent, instrument, action)
        if self._changes.parents[parent.id].state is not ParentState.WORKING:
            return
        wake_at = step.wake_at
        if open_before - self._open_children(parent):
            # What was never sent has ended right here, and no report will tell of it.
            wake_at = self._now
        elif wake_at is None and not self._open_children(parent):
            raise _Refused(f"The blueprint {parent.blueprint!r} waits for nothing: no order of it is open.")
        self._changes.change(parent, wake_at=wake_at)

    def _act(self, parent: ParentOrder, instrument: Instrument, action: Action) -> None:
        if isinstance(action, Place):
            self._place(parent, instrument, action)
        elif isinstance(action, Cancel):
            self._cancel_named(parent, action)
        else:
            self._finish(parent, action)

    def _cancel_named(self, parent: ParentOrder, action: Cancel) -> None:
        for child in self._changes.children_of(parent):
            if child.client_id == action.client_id and child.state.is_open:
                self._cancel(child, action.reason)

    def _open_children(self, parent: ParentOrder) -> frozenset[str]:
        return frozenset(
            child.client_id for child in self._changes.children_of(parent) if child.state.is_open
        )

    def _place(self, parent: ParentOrder, instrument: Instrument, place: Place) -> None:
        client_id = ids.client_order_id(parent.id, place.leg, place.slice, place.generation)
        children = self._changes.children_of(parent)
        if any(child.client_id == client_id for child in children):
            return
        committed = parent.filled + sum((child.open_quantity for child in children), Decimal(0))
        if place.quantity <= 0 or committed + place.quantity > (parent.quantity or Decimal(0)):
            raise _Refused(
                f"The blueprint {parent.blueprint!r} wanted to place {place.quantity} with {committed} of "
                f"{parent.quantity} filled or open; nothing more is placed."
            )
        if parent.side is None:
            raise _Refused("The parent order has no side.")
        if not all(0 <= one <= _HIGHEST for one in (place.leg, place.slice, place.generation)):
            raise _Refused(
                f"The blueprint {parent.blueprint!r} wanted to place leg {place.leg}, slice {place.slice}, "
                f"generation {place.generation}; each is a number from 0 to {_HIGHEST}."
            )
        if place.extended_hours and not _may_be_extended(parent, place):
            raise _Refused(
                f"The blueprint {parent.blueprint!r} wanted to place a {place.order_type} order outside the "
                "session; only limit orders for the day may, where the parent order may."
            )
        child = ChildOrder(
            client_id=client_id,
            parent_id=parent.id,
            account_id=parent.account_id,
            instrument_id=instrument.id,
            leg=place.leg,
            slice=place.slice,
            generation=place.generation,
            side=parent.side,
            quantity=place.quantity,
            order_type=place.order_type,
            limit_price=place.limit_price,
            stop_price=place.stop_price,
            time_in_force=place.time_in_force,
            extended_hours=place.extended_hours,
            created_at=self._now,
        )
        self.place(parent, child, place.quantity)

    def place(self, parent: ParentOrder, child: ChildOrder, quantity: Decimal) -> None:
        """Place a child for so much, to be sent once it is stored."""
        child = msgspec.structs.replace(child, quantity=quantity)
        self._changes.place(child)
        self._note(
            parent,
            EntryKind.CHILD_CREATED,
            None,
            client_id=child.client_id,
            leg=child.leg,
            slice=child.slice,
            generation=child.generation,
            **content_of(child),
        )

    def _cancel(self, child: ChildOrder, reason: str) -> None:
        """What was never sent ends here; the rest stays open until the broker says that it is not."""
        parent = self._changes.parents[child.parent_id]
        if child.state is ChildState.NEW:
            self._changes.change_child(
                child, state=ChildState.CANCELLED, reason="not_sent", detail=reason, ended_at=self._now
            )
            self._note(parent, EntryKind.CHILD_ENDED, reason, client_id=child.client_id, state="cancelled")
        elif not child.cancel_requested:
            asked = self._changes.change_child(child, cancel_requested=True)
            self._changes.cancels.append(asked)
            self._note(parent, EntryKind.CHILD_CANCEL_REQUESTED, reason, client_id=child.client_id)

    def _finish(self, parent: ParentOrder, finish: Finish) -> None:
        if self._open_children(parent):
            raise _Refused(f"The blueprint {parent.blueprint!r} wanted to finish while an order is open.")
        full = parent.quantity is not None and parent.filled >= parent.quantity
        if finish.state not in _ENDS or (finish.state is ParentState.FILLED) is not full:
            raise _Refused(
                f"The blueprint {parent.blueprint!r} wanted to finish as {finish.state.value} "
                f"with {parent.filled} of {parent.quantity} filled."
            )
        self.end(parent, finish.state, finish.reason, finish.message)

    def _note(self, parent: ParentOrder, kind: EntryKind, reason: str | None, **data: Any) -> None:
        client_id = data.pop("client_id", None)
        self._changes.entries.append(
            Entry(
                at=self._now,
                kind=kind,
                signal_id=parent.signal_id,
                parent_id=parent.id,
                client_id=client_id,
                account_id=parent.account_id,
                algorithm_id=parent.algorithm_id,
                reason=reason,
                data=data,
            )
        )


def told(error: BaseException) -> str:
    """An error in a line; one that cannot even be printed says so."""
    return format_exception_only(error)[-1].strip()


def _may_be_extended(parent: ParentOrder, place: Place) -> bool:
    is_limit = place.order_type is OrderType.LIMIT and place.time_in_force is TimeInForce.DAY
    return bool(parent.extended_hours) and is_limit


class _Refused(Exception):
    """A blueprint asked for what would break the order's arithmetic."""
