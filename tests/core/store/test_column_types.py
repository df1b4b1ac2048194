"""What is put into a column comes out of it, to the last digit and microsecond."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from tradewire.domain.base import Struct
from tradewire.store.database import Store, open_store
from tradewire.store.types import Amount, Counter, Document, String, Text, Utc


class Line(Struct):
    label: str
    amount: Decimal | None = None
    at: datetime | None = None


samples = Table(
    "samples",
    MetaData(),
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("amount", Amount),
    Column("at", Utc),
    Column("lines", Document(tuple[Line, ...])),
    Column("words", Text),
    Column("name", String(36)),
)

amounts = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=None
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001
lines = st.builds(Line, label=st.text(), amount=st.none() | amounts, at=st.none() | moments)

many = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def samples_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    if request.param == "postgresql":
        store = open_store(request.getfixturevalue("postgres").create(migrated=False))
    else:
        store = open_store(f"sqlite:///{tmp_path_factory.mktemp('types')}/tradewire.db")
    store.write_now(samples.metadata.create_all)
    yield store
    store.close()


def through(store: Store, **values: Any) -> Any:
    def put(connection: Any) -> Any:
        [key] = connection.execute(insert(samples).values(**values)).inserted_primary_key
        return connection.execute(
            select(*(column for column in samples.c if column.name != "id")).where(samples.c.id == key)
        ).one()

    return store.write_now(put)


@many
@given(amounts)
def test_an_amount_comes_back_equal(samples_store: Store, amount: Decimal) -> None:
    assert through(samples_store, amount=amount).amount == amount


@pytest.mark.parametrize(
    "written", ["0.1", "0.10", "1E-18", "999999999999999.999999999999999999", "-0", "1E+3"]
)
def test_a_number_that_floats_cannot_hold_stays_what_it_is(samples_store: Store, written: str) -> None:
    assert through(samples_store, amount=Decimal(written)).amount == Decimal(written)


def test_a_tenth_stays_a_tenth_on_the_disk(samples_store: Store) -> None:
    through(samples_store, amount=Decimal("0.1"))

    def as_it_is_there(connection: Any) -> tuple[str, str]:
        kind = {"sqlite": "typeof", "postgresql": "pg_typeof"}[connection.dialect.name]
        query = f"SELECT CAST(amount AS TEXT), CAST({kind}(amount) AS TEXT) FROM samples ORDER BY id DESC"
        return tuple(connection.execute(text(query)).first())

    assert samples_store.read_now(as_it_is_there) in [("0.1", "text"), ("0.1", "numeric")]


@many
@given(moments)
def test_a_time_comes_back_to_the_microsecond_in_utc(samples_store: Store, moment: datetime) -> None:
    stored = through(samples_store, at=moment).at
    assert (stored, stored.tzinfo) == (moment, UTC)


def test_times_sort_as_they_pass(samples_store: Store) -> None:
    early = datetime(2026, 3, 2, 23, 0, tzinfo=timezone(timedelta(hours=5)))
    through(samples_store, at=early)
    found = samples_store.read_now(
        lambda c: c.scalar(
            select(samples.c.at).where(samples.c.at < datetime(2026, 3, 2, 18, 1, tzinfo=UTC)).limit(1)
        )
    )
    assert found is not None


def test_a_time_without_a_zone_is_refused(samples_store: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        through(samples_store, at=datetime(2026, 3, 2))  # noqa: DTZ001


@many
@given(st.lists(lines, max_size=3).map(tuple))
def test_a_document_comes_back_equal_and_of_its_type(
    samples_store: Store, document: tuple[Line, ...]
) -> None:
    stored = through(samples_store, lines=document).lines
    assert stored == document
    assert all(type(line) is Line for line in stored)


def test_a_document_that_no_longer_fits_its_type_is_an_error(samples_store: Store) -> None:
    with pytest.raises(msgspec.ValidationError):
        through(samples_store, lines=[{"label": 5}])


def test_nothing_stays_nothing(samples_store: Store) -> None:
    empty = {column.name: None for column in samples.c if column.name != "id"}
    assert set(through(samples_store, **empty)) == {None}


texts = st.text(st.characters(exclude_categories=["Cs"]))


@many
@given(texts, st.text(st.characters(exclude_categories=["Cs"]), max_size=36))
def test_any_text_comes_back_but_for_the_character_that_postgresql_cannot_hold(
    samples_store: Store, words: str, name: str
) -> None:
    stored = through(samples_store, words=words, name=name)
    assert (stored.words, stored.name) in [
        (words, name),
        (words.replace("\x00", "\ufffd"), name.replace("\x00", "\ufffd")),
    ]


def test_text_with_a_nul_finds_what_was_stored_with_it(samples_store: Store) -> None:
    through(samples_store, words="before\x00after")
    query = select(samples.c.id).where(samples.c.words == "before\x00after")
    assert samples_store.read_now(lambda connection: connection.execute(query).first()) is not None
