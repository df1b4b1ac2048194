"""What a message may ask for and this build does not do: named and refused, never executed without it."""

from tradewire.domain.message import Action, Message

_ACTIONS = {
    Action.REVERSE: "send an exit, and then the opposite order",
    Action.TARGET: "send a buy or a sell for the difference",
}


def unsupported(message: Message) -> tuple[str, str] | None:
    """The field and a sentence, if `message` asks for what this version cannot work."""
    instead = _ACTIONS.get(message.action) if message.action is not None else None
    if message.action is None or instead is None:
        return None
    return "action", f'The action "{message.action.value}" is not supported by this version; {instead}.'
