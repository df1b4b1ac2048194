"""TradingView's placeholders that arrive unfilled, as `{{name}}`."""

import difflib
import re

from tradewire import InvalidMessage
from tradewire_messages.wording import shown

_PLACEHOLDER = re.compile(r"\{\{([^{}]{0,200})\}\}")
_OF_ANY_ALERT = frozenset(
    {"ticker", "exchange", "interval", "open", "high", "low", "close", "volume", "time", "timenow"}
    | {"syminfo.currency", "syminfo.basecurrency"}
)
_OF_STRATEGIES = frozenset(
    {f"strategy.order.{name}" for name in ("action", "contracts", "price", "id", "comment", "alert_message")}
    | {f"strategy.{when}market_position{size}" for when in ("", "prev_") for size in ("", "_size")}
    | {"strategy.position_size"}
)
_PLOT = re.compile(r"plot(_1?[0-9]|\(.*\))")


def refuse_unfilled(field: str | None, text: str) -> None:
    """Raises `InvalidMessage`, with the placeholder named, where `text` holds one."""
    if "{{" not in text:
        return
    found = _PLACEHOLDER.search(text)
    where = field or "The message"
    if found is None:
        raise InvalidMessage(
            field,
            f'{where} holds "{{{{", the start of a placeholder without its end; write it as {{{{name}}}}.',
        )
    name = found[1].strip()
    raise InvalidMessage(
        field, f"{where} holds {shown('{{' + name + '}}')}, which TradingView did not fill: {_why(name)}."
    )


def _why(name: str) -> str:
    if name in _OF_STRATEGIES:
        return "it fills this one only in the Message box of an alert on a strategy, not of an indicator"
    if _PLOT.fullmatch(name):
        return "it fills this one only in the Message box of an alert on an indicator that has that plot"
    if name in _OF_ANY_ALERT:
        return "it fills placeholders only in an alert's Message box, not in the text of alert()"
    close = difflib.get_close_matches(name, sorted(_OF_ANY_ALERT | _OF_STRATEGIES), n=1)
    return "it knows no such placeholder" + (f" (did you mean {{{{{close[0]}}}}}?)" if close else "")
