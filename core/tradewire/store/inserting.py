"""Inserting many rows: what an insert of SQLAlchemy does for each row again is done once here."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

from tradewire.store.sqlite_engine import driver_failed, raw_begun

#: Rows of one statement at most; SQLite takes 999 values everywhere.
_MOST_AT_ONCE = 32

_Encode = Callable[[Any], Any]


class RowInsert:
    """Inserts into these columns of a table, in this order. Make it once, at import.

    On SQLite the rows go to the driver as they are, each value encoded by its column's type; elsewhere
    SQLAlchemy inserts them.
    """

    def __init__(self, table: Table, *columns: str) -> None:
        self._columns = tuple(table.c[name] for name in columns)
        self._statement = insert(table)
        self._into = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "
        self._places = f"({', '.join('?' * len(columns))})"
        self._encoders: tuple[Dialect, tuple[tuple[int, _Encode], ...]] | None = None

    def __call__(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert `rows`, each with a value for every column; none is nothing to do."""
        if not rows:
            return
        if conn.dialect.name != "sqlite":
            names = [column.name for column in self._columns]
            conn.execute(self._statement, [dict(zip(names, row, strict=True)) for row in rows])
            return
        encoders = self._encoders_for(conn.dialect)
        encoded = [_encoded(row, encoders) for row in rows]
        driver = raw_begun(conn)
        try:
            for some in _portions(encoded):
                sql = self._into + ", ".join([self._places] * len(some))
                driver.execute(sql, [value for row in some for value in row]).close()
        except sqlite3.Error as error:
            raise driver_failed(self._into + self._places, error) from error

    def _encoders_for(self, dialect: Dialect) -> tuple[tuple[int, _Encode], ...]:
        if self._encoders is None or self._encoders[0] is not dialect:
            found = (
                (place, column.type.dialect_impl(dialect).bind_processor(dialect))
                for place, column in enumerate(self._columns)
            )
            self._encoders = dialect, tuple((place, one) for place, one in found if one is not None)
        return self._encoders[1]


def _portions(rows: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """`rows` for one statement each: at every statement the driver lets other threads have Python, and of
    powers of two it knows those that it has prepared."""
    begun = 0
    while left := len(rows) - begun:
        count = min(1 << left.bit_length() - 1, _MOST_AT_ONCE)
        yield rows[begun : begun + count]
        begun += count


def _encoded(row: tuple[Any, ...], encoders: tuple[tuple[int, _Encode], ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, encode in encoders:
        values[place] = encode(values[place])
    return tuple(values)
