"""What the message may change: the algorithm's four dynamic switches.

| | switch on | switch off |
|---|---|---|
| field present | the message's value | the algorithm's value, the difference noted |
| field absent | the algorithm's value, noted | the algorithm's value |

Exit and cancel are honoured whatever the action switch says. An opposite action with the switch off sends
nothing unless `ignore_action` is set, and a stop-loss that would be ignored blocks the entry.
"""

from decimal import Decimal
from typing import Any, TypeVar

from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft, Note, Override, Skip
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.message import Action, Message, Protection
from tradewire.domain.quantity import canonical

Value = TypeVar("Value")

_ENTRIES = (Action.BUY, Action.SELL)
_OWN_ORDERS = (Action.EXIT, Action.CANCEL)
_ORDER_FIELDS = {
    "order_type": "orderType",
    "limit_price": "limitPrice",
    "stop_price": "stopPrice",
    "time_in_force": "timeInForce",
    "take_profit": "takeProfit",
    "stop_loss": "stopLoss",
}


def starting_draft(algorithm: Algorithm, message: Message) -> Draft:
    """The order as the algorithm alone would make it; an exit or cancel starts as one of everything."""
    if message.action in _OWN_ORDERS:
        return Draft(symbol=algorithm.symbol, action=message.action, quantity=None)
    return Draft(symbol=algorithm.symbol, action=Action(algorithm.side.value), quantity=algorithm.quantity)


class DynamicFields(Override):
    """Applies the algorithm's switches, and notes for every field what came, what is used and why."""

    name = "default"

    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        """`draft` is what `starting_draft` made."""
        message, dynamic = signal.message, algorithm.dynamic
        action, action_note = _action(message, algorithm)
        if isinstance(action, Skip):
            return action
        symbol, symbol_note = _chosen("symbol", message.symbol, draft.symbol, dynamic.symbol)
        quantity, quantity_note = _quantity(action, draft, message, dynamic.quantity)
        order, order_notes = _order(action, draft, message, dynamic.order)
        notes = (*draft.notes, symbol_note, action_note, quantity_note, *order_notes)
        if action in _ENTRIES and message.stop_loss is not None and not dynamic.order:
            return Skip(reason="stop_ignored", message=_STOP_IGNORED, blocked=True, notes=notes)
        return Draft(symbol=symbol, action=action, quantity=quantity, notes=notes, **order)


_STOP_IGNORED = (
    "The message asks for a stop-loss, but the algorithm's dynamic order is off, so the position would be "
    "unprotected. Switch dynamic order on, or take stopLoss out of the message."
)


def _action(message: Message, algorithm: Algorithm) -> tuple[Action | Skip, Note]:
    received, own = message.action, Action(algorithm.side.value)
    if received in _OWN_ORDERS:
        return received, _note("action", received, received, f"{received} is always honoured")
    if received is not None and received not in _ENTRIES:
        note = _note("action", received, None, "this version does not act on it")
        text = (
            f'This version does not act on "{received}", only on buy, sell, exit and cancel. Nothing is sent.'
        )
        return Skip(reason="action_not_honoured", message=text, blocked=True, notes=(note,)), note
    if algorithm.dynamic.action or received is None or received is own:
        return _chosen("action", received, own, algorithm.dynamic.action)
    if algorithm.dynamic.ignore_action:
        return own, _note("action", received, own, "ignore_action is on: the algorithm's side is used")
    note = _note("action", received, None, "opposite to the algorithm's side, and dynamic action is off")
    text = (
        f"Action differs from the algorithm's side: the message says {received}, the algorithm says {own}. "
        "Nothing is sent. Switch dynamic action on, or set ignore_action."
    )
    return Skip(reason="action_differs", message=text, notes=(note,)), note


def _quantity(action: Action, draft: Draft, message: Message, switch: bool) -> tuple[Decimal | None, Note]:
    received = message.quantity
    if action is Action.CANCEL:
        return None, _note("qty", received, None, "a cancel ends all of the algorithm's working orders")
    if action is Action.EXIT and received is None:
        return None, _note("qty", None, None, "absent: the exit closes everything")
    if action is Action.EXIT and not switch:
        return None, _note("qty", received, None, "dynamic quantity is off: the exit closes everything")
    return _chosen("qty", received, draft.quantity, switch, switch_name="quantity")


def _order(
    action: Action, draft: Draft, message: Message, switch: bool
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    used: dict[str, Any] = {}
    notes = []
    for attribute, field in _ORDER_FIELDS.items():
        received, own = getattr(message, attribute), getattr(draft, attribute)
        if received is not None and not _applies(attribute, action):
            used[attribute], note = own, _note(field, received, own, f"it has no meaning for {action}")
        else:
            used[attribute], note = _chosen(field, received, own, switch, switch_name="order")
        notes.append(note)
    return used, tuple(notes)


def _applies(attribute: str, action: Action) -> bool:
    """A cancel has no order, and an exit no exits of its own."""
    if action is Action.EXIT:
        return attribute not in ("take_profit", "stop_loss")
    return action is not Action.CANCEL


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
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, Protection):
        parts = {name: getattr(value, name) for name in value.__struct_fields__}
        return ", ".join(f"{name} {canonical(part)}" for name, part in parts.items() if part is not None)
    return str(value)
