"""What a message may ask for and this build does not do: named and refused, never executed without it."""

from tradewire.domain.message import Action, Message
from tradewire.domain.size import SizeKind

_ACTIONS = {
    Action.ADD: "send a buy or a sell",
    Action.REVERSE: "send an exit, and then the opposite order",
    Action.TARGET: "send a buy or a sell for the difference",
}
_FIELDS = {"target": "target", "sentiment": "sentiment"}
_SWITCHES = {"extended_hours": "extendedHours", "cancel_first": "cancel"}


def unsupported(message: Message) -> tuple[str, str] | None:
    """The field and a sentence, if `message` asks for what this version cannot work."""
    instead = _ACTIONS.get(message.action) if message.action is not None else None
    if message.action is not None and instead is not None:
        return "action", f'The action "{message.action.value}" is not supported by this version; {instead}.'
    if message.quantity_kind not in (None, SizeKind.QUANTITY):
        return "qtyType", "qtyType is not supported by this version; send qty in units."
    asked = [name for field, name in _FIELDS.items() if getattr(message, field) is not None]
    asked += [name for field, name in _SWITCHES.items() if getattr(message, field)]
    if asked:
        return asked[0], f"{asked[0]} is not supported by this version; take it out."
    return None
