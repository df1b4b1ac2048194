"""What a message wants done, within what the algorithm's action switch lets it."""

from tradewire.contract.override import Note, Skip
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Message, Sentiment
from tradewire.domain.order import Side
from tradewire.domain.quantity import canonical

_ALWAYS = (Action.EXIT, Action.CANCEL, Action.ADD)
_SIDES = {Sentiment.LONG: Side.BUY, Sentiment.SHORT: Side.SELL}
_ACTIONS = {Sentiment.LONG: Action.BUY, Sentiment.SHORT: Action.SELL, Sentiment.FLAT: Action.EXIT}


class Wanted(Struct, kw_only=True):
    """`own_side_only`: a target on the other side is one of nothing. `with_target`: whether the message's
    target counts. `note` is on the action, `further` on what else was decided with it."""

    action: Action
    sentiment: Sentiment | None = None
    with_target: bool = False
    own_side_only: bool = False
    note: Note
    further: tuple[Note, ...] = ()

    @property
    def opens(self) -> bool:
        """Whether it may open or enlarge a position."""
        if self.action in (Action.EXIT, Action.CANCEL):
            return False
        if self.action not in (Action.BUY, Action.SELL) or self.with_target or self.sentiment is None:
            return True
        return _SIDES.get(self.sentiment) is Side(self.action.value)


def wanted(message: Message, algorithm: Algorithm) -> Wanted | Skip:
    """The action, and which position it leads to."""
    own, dynamic = Action(algorithm.side.value), algorithm.dynamic.action
    received = message.action or _implied(message)
    if received in _ALWAYS:
        return Wanted(action=received, note=_note(message.action, received, f"{received} is always honoured"))
    if received is Action.REVERSE and not dynamic:
        why = "dynamic action is off: it closes, and opens nothing on the other side"
        return Wanted(action=Action.EXIT, note=_note(received, Action.EXIT, why))
    if received in (Action.REVERSE, Action.TARGET):
        why = "dynamic action is on" if dynamic else "dynamic action is off: on the algorithm's side only"
        return Wanted(
            action=received,
            with_target=received is Action.TARGET,
            own_side_only=not dynamic,
            note=_note(message.action, received, why),
        )
    if received is None:
        return Wanted(action=own, note=_note(None, own, "absent: the algorithm's value"))
    if not dynamic and received is not own and algorithm.dynamic.ignore_action:
        note = _note(received, own, "ignore_action is on: the algorithm's side is used")
        why = "ignore_action is on: it belongs to the action that is not used"
        return Wanted(action=own, note=note, further=_of_the_position(message, None, False, why))
    if message.sentiment is None and message.target is None:
        return _plain(message, received, own, dynamic)
    return _towards(message, received, algorithm)


def _implied(message: Message) -> Action | None:
    """The action of a message that names only the position it wants."""
    if message.target is not None:
        return Action.TARGET
    return _ACTIONS[message.sentiment] if message.sentiment is not None else None


def _plain(message: Message, received: Action, own: Action, dynamic: bool) -> Wanted | Skip:
    if dynamic:
        return Wanted(action=received, note=_note(message.action, received, "dynamic action is on"))
    if received is own:
        return Wanted(action=own, note=_note(message.action, own, "the same as the algorithm's value"))
    note = _note(received, None, "opposite to the algorithm's side, and dynamic action is off")
    text = (
        f"Action differs from the algorithm's side: the message says {received}, the algorithm says {own}. "
        "Nothing is sent. Switch dynamic action on, or set ignore_action."
    )
    return Skip(reason="action_differs", message=text, notes=(note,))


def _towards(message: Message, received: Action, algorithm: Algorithm) -> Wanted:
    """A buy or sell that says which position it leads to; on the other side it only closes, with the switch
    off."""
    dynamic = algorithm.dynamic.action
    sentiment, why = message.sentiment, "the position that is wanted"
    if not dynamic and sentiment is not None and _SIDES.get(sentiment, algorithm.side) is not algorithm.side:
        sentiment, why = Sentiment.FLAT, "dynamic action is off: it closes, and opens nothing there"
    own = "dynamic action is on" if dynamic else "it leads to a position on the algorithm's side, or to none"
    return Wanted(
        action=received,
        sentiment=sentiment,
        with_target=message.target is not None,
        own_side_only=not dynamic,
        note=_note(message.action, received, own),
        further=_of_the_position(message, sentiment, message.target is not None, why),
    )


def _of_the_position(
    message: Message, sentiment: Sentiment | None, with_target: bool, why: str
) -> tuple[Note, ...]:
    notes = []
    if message.sentiment is not None:
        used = sentiment.value if sentiment is not None else None
        notes.append(Note(field="sentiment", received=message.sentiment.value, used=used, why=why))
    if message.target is not None and not with_target:
        notes.append(Note(field="target", received=canonical(message.target), used=None, why=why))
    return tuple(notes)


def _note(received: Action | None, used: Action | None, why: str) -> Note:
    return Note(
        field="action",
        received=received.value if received is not None else None,
        used=used.value if used is not None else None,
        why=why,
    )
