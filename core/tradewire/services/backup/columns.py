"""Values of every column as JSON: a small number of kinds, each of them exact."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    Table,
    column,
    table,
    type_coerce,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeEngine

from tradewire.services.backup.archive import Column
from tradewire.store.types import Amount, Document, String, Text, Utc

#: Each kind with the type it is decoded to. Bytes are base64, amounts and times are texts.
KINDS: dict[str, Any] = {
    "integer": int,
    "text": str,
    "boolean": bool,
    "bytes": bytes,
    "amount": Decimal,
    "time": datetime,
}
# The first that fits counts; a document is stored as bytes, and copied as those whatever they decode to.
_KIND_OF: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Amount, "amount"),
    (Utc, "time"),
    (Document, "bytes"),
    (LargeBinary, "bytes"),
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Text, "text"),
    (String, "text"),
    (sqlalchemy.String, "text"),
)
_STORED: dict[str, TypeEngine[Any]] = {
    "integer": BigInteger(),
    "text": Text(),
    "boolean": Boolean(),
    "bytes": LargeBinary(),
    "amount": Amount(),
    "time": Utc(),
}


def described(source: Table) -> tuple[Column, ...]:
    """The table's columns; `TypeError` for a type that no kind is named for."""
    return tuple(Column(name=str(one.name), kind=_kind(one.type)) for one in source.columns)


def selected(source: Table) -> list[ColumnElement[Any]]:
    """The columns to select, documents as the bytes they are stored as."""
    return [
        type_coerce(one, LargeBinary()) if isinstance(one.type, Document) else one for one in source.columns
    ]


def target(name: str, columns: Sequence[Column]) -> TableClause:
    """The table as rows are inserted into it, whatever this version's own definition is."""
    return table(name, *(column(one.name, _STORED[one.kind]) for one in columns))


def row_type(columns: Sequence[Column]) -> Any:
    """What one line of JSON is decoded to."""
    return tuple[tuple(KINDS[one.kind] | None for one in columns)]  # type: ignore[misc]


def _kind(of: TypeEngine[Any]) -> str:
    for known, kind in _KIND_OF:
        if isinstance(of, known):
            return kind
    raise TypeError(f"a backup has no kind for the column type {of!r}")
