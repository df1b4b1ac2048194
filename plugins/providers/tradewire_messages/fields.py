"""The fields of a message: their names, their other spellings, and each at most once."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tradewire import InvalidMessage
from tradewire_messages.json_body import Members
from tradewire_messages.placeholders import refuse_unfilled
from tradewire_messages.wording import folded, shown

Value = TypeVar("Value")

#: Their placeholders are often filled with nothing, or other relays' templates leave them empty.
_MAY_BE_EMPTY = (
    *("comment", "id", "sentiment", "position", "positionSize", "marketPositionSize", "qtyType", "cancel"),
    *("notional", "percentOfEquity", "percentOfPosition", "riskAmount", "riskPercent", "extendedHours"),
)


class Fields:
    """A message's known fields by name, and the names of the others.

    A field that is null is absent, and so are some that are empty texts. Any other empty text is refused
    where it is read.
    """

    def __init__(
        self,
        members: Members,
        spellings: Mapping[str, str],
        refuse_unhonoured: Callable[[str, Any], bool],
    ) -> None:
        """`spellings`: every spelling, folded, and the field's name. `refuse_unhonoured` says of any other
        name whether it may be passed over without a word, or raises.

        Raises `InvalidMessage` for a field given twice, an unfilled placeholder, or one not honoured.
        """
        self._given: dict[str, tuple[str, Any]] = {}
        ignored = []
        for written, value in members:
            field = spellings.get(folded(written))
            if field is not None:
                self._add(field, written, value)
            elif not refuse_unhonoured(written, value):
                ignored.append(shown(written))
        self.ignored = tuple(ignored)

    def written(self, field: str) -> str:
        """The field's name as the message spells it."""
        return self._given[field][0] if field in self._given else field

    def value(self, field: str) -> Any:
        """The field's value, or None where it is absent."""
        return self._given[field][1] if field in self._given else None

    def read(self, field: str, reader: Callable[[str, Any], Value]) -> Value | None:
        """What `reader` makes of the field's spelling and value; None where it is absent."""
        value = self.value(field)
        return None if value is None else reader(self.written(field), value)

    def _add(self, field: str, written: str, value: Any) -> None:
        if field in self._given:
            other = self._given[field][0]
            raise InvalidMessage(field, f"{other} and {written} are the same field; keep one of them.")
        _refuse_unfilled(written, value)
        if field in _MAY_BE_EMPTY and isinstance(value, str) and not value.strip():
            value = None
        self._given[field] = (written, value)


def _refuse_unfilled(field: str, value: Any) -> None:
    if isinstance(value, str):
        refuse_unfilled(field, value)
    elif isinstance(value, Members):
        for name, item in value:
            _refuse_unfilled(f"{field}.{shown(name)}", item)
