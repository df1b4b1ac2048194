"""Whatever a table may hold comes out of a backup as it went in."""

from datetime import UTC
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, MetaData, Table

from tradewire.services.backup.archive import Column as Described
from tradewire.services.backup.columns import KINDS, described, row_type
from tradewire.store.schema import metadata

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "text": st.text(),
    "boolean": st.booleans(),
    "bytes": st.binary(),
    "amount": st.decimals(allow_nan=False, allow_infinity=False, places=12),
    "time": st.datetimes(timezones=st.just(UTC)),
}


def test_every_kind_is_tried() -> None:
    assert VALUES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_value_survives_its_line_of_json(kind: str, data: st.DataObject) -> None:
    value = data.draw(st.none() | VALUES[kind])
    line = msgspec.json.encode((value,))
    [read] = msgspec.json.decode(line, type=row_type([Described(name="it", kind=kind)]))
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: str(table.name))
def test_every_column_of_every_table_has_a_kind(table: Table) -> None:
    assert {one.kind for one in described(table)} <= KINDS.keys()


def test_a_column_that_no_kind_is_named_for_is_refused() -> None:
    with pytest.raises(TypeError, match="no kind"):
        described(Table("new", MetaData(), Column("rate", Float())))
