"""Looking rows up by one column: what a select of SQLAlchemy does at each call again is done once here."""

import sqlite3
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, bindparam, select
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from tradewire.store.sqlite_engine import driver_failed, raw_begun

_Decode = Callable[[Any], Any]


class RowSelect:
    """Reads these columns of a table, of the rows whose `by` is among some values. Make it once, at import.

    On SQLite the driver is asked, and each value decoded by its column's type; elsewhere SQLAlchemy is asked.
    """

    def __init__(self, by: Column[Any], *columns: Any) -> None:
        """`columns` are columns of the same table, or `type_coerce` of one."""
        every = select(*columns)
        self._columns = columns
        self._statement = every.where(by.in_(bindparam("sought", expanding=True)))
        self._sql = f"{every.compile(dialect=SQLiteDialect())} WHERE {by.table.name}.{by.name} IN "
        self._decoders: tuple[Dialect, tuple[tuple[int, _Decode], ...]] | None = None

    def __call__(self, conn: Connection, sought: Collection[str]) -> list[tuple[Any, ...]]:
        """The rows in no order; none where nothing is `sought`."""
        if not sought:
            return []
        if conn.dialect.name != "sqlite":
            return [tuple(row) for row in conn.execute(self._statement, {"sought": list(sought)})]
        sql = self._sql + _places(len(sought))
        try:
            rows = raw_begun(conn).execute(sql, tuple(sought)).fetchall()
        except sqlite3.Error as error:
            raise driver_failed(sql, error) from error
        decoders = self._decoders_for(conn.dialect)
        return [_decoded(row, decoders) for row in rows] if decoders else rows

    def _decoders_for(self, dialect: Dialect) -> tuple[tuple[int, _Decode], ...]:
        if self._decoders is None or self._decoders[0] is not dialect:
            found = (
                (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
                for place, column in enumerate(self._columns)
            )
            self._decoders = dialect, tuple((place, one) for place, one in found if one is not None)
        return self._decoders[1]


@lru_cache(maxsize=1024)
def _places(count: int) -> str:
    return f"({', '.join('?' * count)})"


def _decoded(row: tuple[Any, ...], decoders: tuple[tuple[int, _Decode], ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, decode in decoders:
        values[place] = decode(values[place])
    return tuple(values)
