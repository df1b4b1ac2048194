"""A signal format: one line of words, for shell scripts and cron.

KEY STRATEGY [buy|sell|exit|cancel] [QUANTITY] [SYMBOL]
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from tradewire import Action, InvalidMessage, Message, Parsed, Provider, hookimpl, is_usable

_ACTIONS = {action.value: action for action in (Action.BUY, Action.SELL, Action.EXIT, Action.CANCEL)}
_FORM = "Write KEY STRATEGY, and after them what differs: buy, sell, exit or cancel, a quantity, a symbol."


class OneLine(Provider):
    """`tw_live_… breakout buy 10 AAPL`"""

    name = "oneline"
    title = "One line of words"

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        try:
            lines = body.decode("ascii").strip().splitlines()
        except UnicodeDecodeError as error:
            raise InvalidMessage(None, "The message is one line of plain ASCII text.") from error
        if len(lines) != 1 or not lines[0].isprintable():
            raise InvalidMessage(None, f"The message is one line. {_FORM}")
        key, *words = lines[0].split()
        if not words:
            raise InvalidMessage("strategy", f"The message has only one word. {_FORM}")
        strategy, *rest = words
        action = _ACTIONS.get(rest[0].lower()) if rest else None
        if action is not None:
            rest = rest[1:]
        quantity = _number(rest[0]) if rest else None
        if quantity is not None:
            rest = rest[1:]
        if len(rest) > 1:
            raise InvalidMessage(
                "symbol", f"The message ends with {len(rest)} words too many to read. {_FORM}"
            )
        symbol = rest[0] if rest else None
        return Parsed(
            key=key, message=Message(strategy_id=strategy, action=action, quantity=quantity, symbol=symbol)
        )


def _number(word: str) -> Decimal | None:
    """The quantity, or None where the word is no number and so the symbol."""
    if not word[0].isdigit() and word[0] not in "+-.":
        return None
    try:
        number = Decimal(word)
    except InvalidOperation:
        return None
    if not is_usable(number) or number <= 0:
        raise InvalidMessage("quantity", "The quantity is a number above 0.")
    return number


@hookimpl
def parse() -> Sequence[Provider]:
    return [OneLine()]
