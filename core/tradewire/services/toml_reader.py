"""Reading a TOML table strictly: every mistake becomes a sentence, and none hides another."""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from tradewire.domain.clock import as_utc
from tradewire.domain.quantity import is_usable
from tradewire.services.naming import nearest
from tradewire.services.refusal import Code, Refused

E = TypeVar("E", bound=StrEnum)


def parse_toml(text: str) -> dict[str, Any]:
    """The document, numbers with a point as Decimals; refuses with the place of a syntax error."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise Refused(Code.INVALID, f"The file is not valid TOML: {error}.") from error
    except (RecursionError, ValueError) as error:
        # Python's own limits on nesting and on the digits of a number; TOML itself has none.
        raise Refused(
            Code.INVALID, "The file is nested too deep, or has a number of thousands of digits."
        ) from error


class TableReader:
    """One table of the document. Every `read_*` notes a problem and returns its default where it must."""

    def __init__(self, table: Any, where: str, known: Iterable[str], problems: list[str]) -> None:
        """`where` names the table in sentences; keys that are not `known` are problems."""
        self._where = where
        self._problems = problems
        self._table: dict[str, Any] = {}
        if not isinstance(table, dict):
            problems.append(f"{where} is a table.")
            return
        self._table = table
        names = tuple(known)
        for key in table:
            if key not in names:
                problems.append(f'{where} has no setting "{key}".{nearest(key, names)}')

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def raw(self, key: str, default: Any = None) -> Any:
        return self._table.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; required where there is no default."""
        value = self._present(key, default)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, 'text in quotes, such as "AAPL"', value)
            return ""
        if value != value.strip():
            self._problems.append(f'{self._name(key)} has a space at its beginning or end: "{value}".')
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            self._wrong(key, "true or false", value)
            return default
        return value

    def positive(self, key: str) -> Decimal:
        """A number above zero, written as a number or as text."""
        value = self._present(key, None)
        if value is None:
            return Decimal(1)
        number = _number(value)
        if number is None or not is_usable(number) or number <= 0:
            self._wrong(key, "a number above 0", value)
            return Decimal(1)
        return number

    def optional(self, key: str) -> Decimal | None:
        """The same; None where it is absent."""
        return self.positive(key) if key in self._table else None

    def count(self, key: str) -> int | None:
        """A whole number of at least 1; None where it is absent."""
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self._wrong(key, "a whole number of at least 1", value)
            return None
        return value

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        value = self._present(key, default)
        names = [one.value for one in kind]
        if isinstance(value, str) and value.lower() in names:
            return kind(value.lower())
        if value is not None:
            hint = nearest(value, names) if isinstance(value, str) else ""
            self._problems.append(
                f"{self._name(key)} is one of {', '.join(names)}, not {shown(value)}.{hint}"
            )
        return default if default is not None else next(iter(kind))

    def moment(self, key: str) -> datetime | None:
        """A time with its zone, as TOML writes it or as text; None where it is absent."""
        value = self._table.get(key)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = self._table[key]
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self._wrong(key, "a time with its zone, such as 2026-03-02T09:30:00-05:00", value)
            return None
        return as_utc(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self._wrong(key, 'a list of names, such as ["mine"]', value)
            return ()
        return tuple(value)

    def _present(self, key: str, default: Any) -> Any:
        value = self._table.get(key, default)
        if value is None:
            self._problems.append(f"{self._name(key)} is missing.")
        return value

    def _wrong(self, key: str, wanted: str, value: Any) -> None:
        self._problems.append(f"{self._name(key)} is {wanted}, not {shown(value)}.")

    def _name(self, key: str) -> str:
        return f"{key} of {self._where}" if self._where.startswith("[") else key


def shown(value: Any) -> str:
    """A TOML value as a sentence quotes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return str(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        return Decimal(value)
    except ArithmeticError:
        return None
