"""Random ledgers, random damage: each class is found, and nothing is found where nothing was done."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from core.ledger import tampering
from core.ledger.samples import NOON, entry, open_engine
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.ledger.canonical import body
from tradewire.ledger.checkpoint import checkpoint
from tradewire.ledger.damage import Damage, Verification
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify

ids = st.sampled_from([None, "", "a", "01a2030b-bcf2-71fe-a4d8-8a74017495b7"])
entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(NOON.tzinfo)),
    kind=st.sampled_from(EntryKind),
    signal_id=ids,
    parent_id=ids,
    client_id=ids,
    account_id=ids,
    algorithm_id=ids,
    by=st.none() | st.text(max_size=9),
    reason=st.none() | st.text(max_size=20),
    data=st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=5) | st.decimals(-9, 9), max_size=3
    ),
)
journals = st.lists(entries, min_size=3, max_size=8, unique_by=body)
FORGED = body(entry(99, kind=EntryKind.ALERT_RAISED))


def tried(journal: list[Entry], act: Callable[[Connection], object]) -> tuple[Verification, Verification]:
    """What verifying finds after `act`, without a checkpoint and with one kept before it."""
    with _engine().connect() as conn:
        append(conn, journal)
        seal(conn)
        kept = checkpoint(conn, NOON)
        act(conn)
        return verify(conn), verify(conn, [kept])


@cache
def _engine() -> Engine:
    """One for all; what is done in it is never committed."""
    return open_engine(":memory:")


def kinds(result: Verification) -> set[Damage]:
    return {problem.damage for problem in result.problems}


def place(data: Any, journal: list[Entry], first: int = 1, end: int = 0) -> int:
    number: int = data.draw(st.integers(first, len(journal) - end))
    return number


@given(journals)
def test_nothing_is_found_where_nothing_was_done(journal: list[Entry]) -> None:
    without, against = tried(journal, lambda conn: None)
    assert without.ok
    assert against.ok
    assert against.checkpoints == 1


@given(journals, st.data())
def test_an_edit_is_found(journal: list[Entry], data: Any) -> None:
    number = place(data, journal)
    without, against = tried(journal, lambda conn: tampering.edit_body(conn, number))
    assert [(problem.damage, problem.number) for problem in without.problems] == [(Damage.EDITED, number)]
    assert not against.ok


@given(
    journals,
    st.data(),
    st.sampled_from(["at", "kind", "signal_id", "parent_id", "account_id", "algorithm_id"]),
)
def test_an_edit_of_a_column_is_found(journal: list[Entry], data: Any, column: str) -> None:
    number = place(data, journal)
    without, against = tried(journal, lambda conn: tampering.edit_column(conn, number, column, "tampered"))
    assert kinds(without) == kinds(against) == {Damage.EDITED}


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE ledger_seals SET hash = CAST(hash AS TEXT) WHERE number = 2",
        "UPDATE ledger_entries SET body = CAST(x'7bff' AS TEXT) WHERE seq = 2",
        "UPDATE ledger_entries SET kind = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE ledger_origin SET store_id = x'00'",
        "UPDATE ledger_origin SET store_id = CAST(x'ff' AS TEXT)",
    ],
)
def test_bytes_that_are_no_text_do_not_keep_the_rest_from_being_looked_at(deed: str) -> None:
    without, against = tried([entry(1), entry(2), entry(3)], lambda conn: conn.execute(text(deed)))
    assert not without.ok
    assert not against.ok
    assert (without.entries, against.entries) == (3, 3)


@given(journals, st.data(), st.booleans())
def test_a_deletion_is_found(journal: list[Entry], data: Any, seal_too: bool) -> None:
    number = place(data, journal, end=1)
    without, against = tried(journal, lambda conn: tampering.delete(conn, number, seal_too=seal_too))
    assert kinds(without) == kinds(against) == {Damage.DELETED}


@given(journals, st.data())
def test_an_insertion_is_found(journal: list[Entry], data: Any) -> None:
    number = place(data, journal)
    without, against = tried(journal, lambda conn: tampering.insert_at(conn, number, FORGED))
    assert not without.ok
    assert not against.ok
    if number < len(journal) - 1:
        assert kinds(without) == {Damage.INSERTED}


@given(journals, st.data())
def test_a_swap_is_found(journal: list[Entry], data: Any) -> None:
    one = place(data, journal, end=1)
    other = place(data, journal, first=one + 1)
    without, against = tried(journal, lambda conn: tampering.swap(conn, one, other))
    assert kinds(without) == kinds(against) == {Damage.SWAPPED}


@given(journals, st.data())
def test_a_truncation_is_found_against_a_checkpoint(journal: list[Entry], data: Any) -> None:
    last = place(data, journal, end=1)
    _, against = tried(journal, lambda conn: tampering.truncate(conn, last))
    assert kinds(against) == {Damage.TRUNCATED}


@settings(max_examples=150)
@given(journals, st.data(), st.sampled_from(["edit", "delete", "insert", "swap", "truncate", "forge"]))
def test_any_damage_under_a_recomputed_chain_is_found_against_a_checkpoint(
    journal: list[Entry], data: Any, deed: str
) -> None:
    journal = [*journal, entry(1), entry(2)]
    one = place(data, journal, end=1)
    deeds: dict[str, Callable[[Connection], None]] = {
        "edit": lambda conn: tampering.edit_body(conn, one),
        "delete": lambda conn: tampering.delete(conn, one, seal_too=True),
        "insert": lambda conn: tampering.insert_at(conn, one, FORGED),
        "swap": lambda conn: tampering.swap(conn, len(journal), len(journal) - 1),
        "truncate": lambda conn: tampering.truncate(conn, one),
        "forge": lambda conn: tampering.forge(conn, -one, FORGED),
    }

    def act(conn: Connection) -> None:
        deeds[deed](conn)
        tampering.recompute(conn)

    _, against = tried(journal, act)
    assert kinds(against) & {Damage.RECOMPUTED, Damage.TRUNCATED}


@given(journals, st.data(), st.binary(max_size=40) | st.text(max_size=9) | st.integers(-9, 2**63 - 1))
def test_whatever_is_put_into_any_cell_is_found_and_never_stops_the_verification(
    journal: list[Entry], data: Any, value: Any
) -> None:
    number = place(data, journal)
    column = data.draw(st.sampled_from(["body", "at", "kind", "signal_id"]))
    which = text(f"UPDATE ledger_entries SET {column} = :v WHERE seq = :n")
    before = getattr(journal[number - 1], column, None)
    without, _ = tried(journal, lambda conn: conn.execute(which, {"v": value, "n": number}) and None)
    assert without.ok == (column == "signal_id" and str(value) == before)
