"""Rows of the order tables as structs, and back."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

from tradewire.domain.order import (
    ChildOrder,
    ChildState,
    Goal,
    OrderType,
    ParentOrder,
    ParentState,
    Purpose,
    Side,
    TimeInForce,
)
from tradewire.domain.size import SizeKind

T = TypeVar("T")

_ENUMS: Mapping[str, Any] = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "purpose": Purpose,
    "goal": Goal,
    "size_kind": SizeKind,
}


def parent_of(row: Row[Any]) -> ParentOrder:
    return _struct(ParentOrder, row, {**_ENUMS, "state": ParentState})


def child_of(row: Row[Any]) -> ChildOrder:
    enums = {**_ENUMS, "state": ChildState, "reported_state": ChildState}
    return _struct(ChildOrder, row, enums)


def columns(struct: msgspec.Struct, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """The struct's fields as column values; enums become their text."""
    skipped = frozenset(leave_out)
    return {
        name: value.value if isinstance(value, Enum) else value
        for name in struct.__struct_fields__
        if name not in skipped
        for value in (getattr(struct, name),)
    }


def _struct(kind: type[T], row: Row[Any], enums: Mapping[str, Any]) -> T:
    mapping = row._mapping
    values: dict[str, Any] = {}
    for name in kind.__struct_fields__:  # type: ignore[attr-defined]
        value = mapping[name]
        values[name] = enums[name](value) if value is not None and name in enums else value
    return kind(**values)
