"""What the message may change: the algorithm's four dynamic switches.

| | switch on | switch off |
|---|---|---|
| field present | the message's value | the algorithm's value, the difference noted |
| field absent | the algorithm's value, noted | the algorithm's value |

What acts on the algorithm's own position is honoured whatever the action switch says: exit, cancel and add
always; reverse, target and a position wanted on the other side as far as they close. An opposite action with
the switch off sends nothing otherwise, unless `ignore_action` is set, and a stop-loss that would be ignored
blocks the entry.
"""

from decimal import Decimal
from typing import Any, TypeVar

from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft, Note, Override, Skip
from tradewire.domain.algorithm import Algorithm, StopUse
from tradewire.domain.message import Action, Message
from tradewire.domain.protection import Protection
from tradewire.domain.quantity import canonical
from tradewire.stages import sizes
from tradewire.stages.wanted import Wanted, wanted

Value = TypeVar("Value")

_ORDER_FIELDS = {
    "order_type": "orderType",
    "limit_price": "limitPrice",
    "stop_price": "stopPrice",
    "time_in_force": "timeInForce",
    "take_profit": "takeProfit",
    "stop_loss": "stopLoss",
}
_PROTECTIONS = ("take_profit", "stop_loss")


def starting_draft(algorithm: Algorithm, message: Message) -> Draft:
    """The order as the algorithm alone would make it; an exit or cancel starts as one of everything."""
    if message.action in (Action.EXIT, Action.CANCEL):
        return Draft(symbol=algorithm.symbol, action=message.action, quantity=None)
    size, kind = sizes.own_size(algorithm)
    return Draft(
        symbol=algorithm.symbol, action=Action(algorithm.side.value), quantity=size, quantity_kind=kind
    )


class DynamicFields(Override):
    """Applies the algorithm's switches, and notes for every field what came, what is used and why."""

    name = "default"

    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        """`draft` is what `starting_draft` made."""
        message, dynamic = signal.message, algorithm.dynamic
        want = wanted(message, algorithm)
        if isinstance(want, Skip):
            return want
        symbol, symbol_note = _chosen("symbol", message.symbol, draft.symbol, dynamic.symbol)
        size, size_note = sizes.chosen(want, draft, message, algorithm)
        order, order_notes = _order(want, draft, message, algorithm)
        extended, extended_notes = _extended(want, draft, message, dynamic.order)
        notes = (*draft.notes, symbol_note, want.note, size_note, *order_notes, *want.further)
        notes += (*extended_notes, *_cancels(message))
        if want.opens and message.stop_loss is not None and order["stop_loss"] is None:
            return Skip(reason="stop_ignored", message=_STOP_IGNORED, blocked=True, notes=notes)
        return Draft(
            symbol=symbol,
            action=want.action,
            quantity=size.quantity,
            quantity_kind=size.kind,
            target=size.target,
            sentiment=want.sentiment,
            extended_hours=extended,
            cancel_first=bool(message.cancel_first),
            notes=notes,
            **order,
        )


_STOP_IGNORED = (
    "The message asks for a stop-loss, but the algorithm's dynamic order is off, so the position would be "
    "unprotected. Switch dynamic order on, or take stopLoss out of the message."
)


def _order(
    want: Wanted, draft: Draft, message: Message, algorithm: Algorithm
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    used: dict[str, Any] = {}
    notes = []
    for attribute, field in _ORDER_FIELDS.items():
        received, own = getattr(message, attribute), getattr(draft, attribute)
        if received is not None and not _applies(attribute, want):
            used[attribute], note = own, _note(field, received, own, f"it has no meaning for {want.action}")
        elif received is not None and attribute == "stop_loss" and algorithm.sizing.stop is StopUse.SIZE_ONLY:
            used[attribute] = received
            note = _note(field, received, received, "it serves for the size alone, and is not attached")
        else:
            used[attribute], note = _chosen(
                field, received, own, algorithm.dynamic.order, switch_name="order"
            )
        notes.append(note)
    return used, tuple(notes)


def _applies(attribute: str, want: Wanted) -> bool:
    """A cancel has no order, and what only closes no exits of its own."""
    if want.action is Action.CANCEL:
        return False
    return want.opens or attribute not in _PROTECTIONS


def _extended(
    want: Wanted, draft: Draft, message: Message, switch: bool
) -> tuple[bool | None, tuple[Note, ...]]:
    received = message.extended_hours
    if received is None or want.action is Action.CANCEL:
        return draft.extended_hours, ()
    used, note = _chosen("extendedHours", received, draft.extended_hours, switch, switch_name="order")
    return used, (note,)


def _cancels(message: Message) -> tuple[Note, ...]:
    if message.cancel_first is None:
        return ()
    return (_note("cancel", message.cancel_first, message.cancel_first, "always honoured"),)


def _chosen(
    field: str, received: Value | None, own: Value, switch: bool, switch_name: str | None = None
) -> tuple[Value, Note]:
    name = f"dynamic {switch_name or field}"
    if received is None:
        return own, _note(field, None, own, "absent: the algorithm's value")
    if switch:
        return received, _note(field, received, received, f"{name} is on")
    if received == own:
        return own, _note(field, received, own, "the same as the algorithm's value")
    return own, _note(field, received, own, f"{name} is off: the algorithm's value is used")


def _note(field: str, received: object, used: object, why: str) -> Note:
    return Note(field=field, received=_text(received), used=_text(used), why=why)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, Protection):
        parts = {name: getattr(value, name) for name in value.__struct_fields__}
        return ", ".join(f"{name} {canonical(part)}" for name, part in parts.items() if part is not None)
    return str(value)
