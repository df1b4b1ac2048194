"""Column types that hold exactly what was put in, on SQLite and PostgreSQL alike."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

from tradewire.domain.quantity import canonical

#: An integer that rises for as long as the database lives: 64 bits on both, spelt as SQLite numbers its rows.
Counter = BigInteger().with_variant(Integer(), "sqlite")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Amount(TypeDecorator[Decimal]):
    """A Decimal: NUMERIC on PostgreSQL, canonical text on SQLite. Summed in Python, never in SQL."""

    impl = sqlalchemy.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else sqlalchemy.Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return canonical(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, integer microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger()
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class _Clean:
    """Text that any sender may have had a hand in: a lone surrogate has no UTF-8, and PostgreSQL holds every
    character but U+0000."""

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None] | None:
        return _without_nul if dialect.name == "postgresql" else _encodable


def _encodable(text: str | None) -> str | None:
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_nul(text: str | None) -> str | None:
    return _encodable(text.replace("\x00", "\ufffd")) if text else text


class Text(_Clean, TypeDecorator[str]):
    """Text as it is, except that a lone surrogate becomes "?", and on PostgreSQL U+0000 becomes U+FFFD."""

    impl = sqlalchemy.Text
    cache_ok = True


class String(_Clean, TypeDecorator[str]):
    """The same of a bounded length, for ids and digests."""

    impl = sqlalchemy.String
    cache_ok = True


class Document(TypeDecorator[Any]):
    """A msgspec struct (or a tuple of them) as JSON bytes, decoded to the type it was declared with."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else msgspec.json.encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._decoder.decode(value)
