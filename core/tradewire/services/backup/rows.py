"""Rows that no Tradewire has written, in a backup whose checksums hold: they are refused in a sentence."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, text
from sqlalchemy.exc import SQLAlchemyError

from tradewire.contract.errors import Unhonoured
from tradewire.domain.quantity import is_usable
from tradewire.state.rows import child_of, parent_of
from tradewire.store import postgres_failures
from tradewire.store.schema import child_orders, metadata, parent_orders

#: SQLSTATE's classes of values that a column cannot hold, and of rows that contradict others.
_OF_ROWS = ("22", "23")
_UNREADABLE = (ValueError, TypeError, OverflowError, ArithmeticError, msgspec.MsgspecError)
_STRUCTS: dict[str, Callable[[Row[Any]], object]] = {
    parent_orders.name: parent_of,
    child_orders.name: child_of,
}
#: What the ledger's own verification reads anyway.
_VERIFIED = ("ledger_entries", "ledger_seals")


@contextmanager
def storable(table: str) -> Iterator[None]:
    """Raises `Unhonoured` where rows of `table` cannot be stored or read; where the database fails, its error
    passes."""
    try:
        yield
    except (SQLAlchemyError, *_UNREADABLE) as error:
        if not _is_about_rows(error):
            raise
        raise _changed(table) from error


def refuse_unreadable(conn: Connection) -> None:
    """Read all rows as Tradewire does; raises `Unhonoured` for the first that it could not work with."""
    for table in metadata.sorted_tables:
        if table.name in _VERIFIED:
            continue
        with storable(table.name):
            read = _STRUCTS.get(table.name)
            for row in conn.execute(select(table).execution_options(yield_per=1_000)):
                if read is not None:
                    read(row)
                for value in row:
                    if isinstance(value, Decimal) and not is_usable(value):
                        raise ValueError(f"{value} is no amount")
    if conn.dialect.name == "sqlite":
        # PostgreSQL has refused such rows when they were stored.
        dangling = conn.execute(text("PRAGMA foreign_key_check")).first()
        if dangling is not None:
            raise _changed(str(dangling[0]))


def _is_about_rows(error: BaseException) -> bool:
    cause = postgres_failures.cause_of(error)
    if isinstance(cause, (*_UNREADABLE, sqlite3.IntegrityError, sqlite3.DataError)):
        return True
    return postgres_failures.code(error)[:2] in _OF_ROWS


def _changed(table: str) -> Unhonoured:
    return Unhonoured(
        f"The backup was changed after it was made: its table {table} holds rows that no Tradewire writes, "
        "such as two of one kind, or a value that cannot be. Nothing was restored; take another copy of it, "
        "or an older backup."
    )
