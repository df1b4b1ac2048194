import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.samples import NOON, entry
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.canonical import body, moment_of, rfc3339

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_bytes_of_an_entry_are_these() -> None:
    given = entry(
        1,
        kind=EntryKind.FILL_STORED,
        by="engine",
        data={"price": Decimal("101.50"), "at": NOON, "é": [True, None, 3], "also": {"b": 1, "a": "\n\x7f"}},
    )
    assert body(given).decode() == (
        '{"at":"2026-03-02T12:00:00.000001Z","by":"engine","data":{"also":{"a":"\\n\x7f","b":1},'
        '"at":"2026-03-02T12:00:00.000000Z","price":"101.5","é":[true,null,3]},'
        '"kind":"fill.stored","signal_id":"signal-1"}'
    )


@given(st.dictionaries(st.text(), values, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_matter(data: dict[str, Any], random: Any) -> None:
    shuffled = list(data.items())
    random.shuffle(shuffled)
    assert body(entry(data=data)) == body(entry(data=dict(shuffled)))


@given(st.dictionaries(st.text(), values, max_size=5))
def test_another_program_reads_and_writes_the_same_bytes(data: dict[str, Any]) -> None:
    written = body(entry(data=data))
    again = json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() == written
    assert json.loads(written)["data"] == data


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=8))
def test_equal_decimals_have_equal_bytes(amount: Decimal) -> None:
    assert body(entry(data={"x": amount})) == body(entry(data={"x": amount.normalize()}))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_read_back_as_it_was_written(moment: datetime) -> None:
    assert moment_of(rfc3339(moment)) == moment


def test_the_same_moment_in_another_zone_has_the_same_bytes() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-5)))
    assert body(entry(at=there)) == body(entry(at=NOON))


def test_a_float_among_parameters_is_noted_as_its_shortest_text() -> None:
    assert b'"params":{"x":"0.1","y":"100000000000000000000"}' in body(
        entry(data={"params": {"x": 0.1, "y": 1e20}})
    )


def test_a_lone_surrogate_is_noted_as_a_question_mark() -> None:
    assert b'"text":"a?b"' in body(entry(data={"text": "a\ud800b"}))


@pytest.mark.parametrize("value", [b"x", {1: "x"}, {"x"}, [object()]])
def test_what_cannot_be_held_exactly_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="ledger entry"):
        body(entry(data={"x": value}))


@pytest.mark.parametrize(
    "fields",
    [{"at": datetime(2026, 3, 2)}, {"data": {"x": Decimal("NaN")}}, {"data": {"x": float("inf")}}],  # noqa: DTZ001
)
def test_a_naive_time_and_no_number_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        body(entry(**fields))
