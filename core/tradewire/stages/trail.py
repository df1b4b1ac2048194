"""The audit trail of the overrides: what was decided, and by whom."""

from typing import Any

import msgspec

from tradewire.contract.override import Draft, Note, Skip
from tradewire.domain.quantity import canonical

#: A draft's fields as messages and notes call them.
_FIELDS = {
    "symbol": "symbol",
    "action": "action",
    "quantity": "qty",
    "quantity_kind": "qty",
    "target": "qty",
    "sentiment": "sentiment",
    "order_type": "orderType",
    "limit_price": "limitPrice",
    "stop_price": "stopPrice",
    "time_in_force": "timeInForce",
    "take_profit": "takeProfit",
    "stop_loss": "stopLoss",
    "extended_hours": "extendedHours",
    "cancel_first": "cancel",
}


def signed(before: Draft, answer: Draft | Skip, by: str) -> Draft | Skip:
    """`answer` with every note that stood in `before`, and those that the override `by` added, or owes."""
    kept = before.notes
    added = [note for note in answer.notes if note not in kept]
    if isinstance(answer, Draft):
        added += _owed(before, answer, {note.field for note in added})
    mine = (msgspec.structs.replace(note, by=by) for note in added)
    return msgspec.structs.replace(answer, notes=(*kept, *mine))


def _owed(before: Draft, after: Draft, noted: set[str]) -> list[Note]:
    """What was changed without a note."""
    return [
        Note(field=name, received=_shown(old), used=_shown(new), why="changed without a reason")
        for field, name in _FIELDS.items()
        if (old := getattr(before, field)) != (new := getattr(after, field)) and not noted & {field, name}
    ]


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, msgspec.Struct):
        return msgspec.json.encode(value).decode()
    return canonical(value)
