from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from core.ledger import tampering
from core.ledger.samples import NOON, entry, fill
from tradewire.ledger.append import append
from tradewire.ledger.canonical import body
from tradewire.ledger.chain import link
from tradewire.ledger.checkpoint import checkpoint
from tradewire.ledger.damage import Damage
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify

FORGED = body(entry(99))


def damages(conn: Connection) -> list[tuple[Damage, int | None]]:
    return [(problem.damage, problem.number) for problem in verify(conn).problems]


def test_an_untouched_ledger_verifies_to_its_last_entry(conn: Connection) -> None:
    result = verify(conn, [checkpoint(conn, NOON)])
    assert result.ok
    assert (result.entries, result.last, result.unsealed, result.checkpoints) == (10, 10, 0, 1)
    assert result.hash == checkpoint(conn, NOON).hash


def test_an_empty_ledger_verifies(engine: Engine) -> None:
    with engine.connect() as conn:
        assert verify(conn).ok


def test_entries_that_wait_for_their_seal_are_counted_and_no_damage(engine: Engine, conn: Connection) -> None:
    append(conn, [entry(11), entry(12)])
    result = verify(conn)
    assert result.ok
    assert result.unsealed == 2


def test_an_edited_body_is_found_where_it_is(conn: Connection) -> None:
    tampering.edit_body(conn, 4)
    result = verify(conn)
    assert [problem.sentence for problem in result.problems] == [
        "Entry 4 is not what was sealed: it was edited."
    ]


def test_every_edited_entry_is_found(conn: Connection) -> None:
    for number in (1, 2, 7, 10):
        tampering.edit_body(conn, number)
    assert damages(conn) == [(Damage.EDITED, number) for number in (1, 2, 7, 10)]


@pytest.mark.parametrize("column", ["at", "kind", "signal_id", "parent_id", "account_id", "algorithm_id"])
def test_an_edited_column_is_found_and_named(conn: Connection, column: str) -> None:
    tampering.edit_column(conn, 4, column)
    (problem,) = verify(conn).problems
    assert (problem.damage, problem.number) == (Damage.EDITED, 4)
    assert f"in the table, {column} is not what its body says" in problem.sentence


def test_an_edited_column_of_an_unsealed_entry_is_found(conn: Connection) -> None:
    append(conn, [entry(11)])
    conn.execute(text("UPDATE ledger_entries SET signal_id = 'another' WHERE seq = 11"))
    assert damages(conn) == [(Damage.EDITED, None)]


def test_a_body_turned_into_text_is_found(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_entries SET body = CAST(body AS TEXT) WHERE seq = 4"))
    assert damages(conn) == [(Damage.EDITED, 4)]


def test_a_body_that_is_no_entry_is_found_before_it_is_sealed_and_after(conn: Connection) -> None:
    tampering.forge(conn, 11, b"\xff\xfe")
    assert damages(conn) == [(Damage.EDITED, None)]
    seal(conn)
    assert damages(conn) == [(Damage.EDITED, 11)]


def test_an_edited_hash_is_found(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_seals SET hash = zeroblob(32) WHERE number = 4"))
    assert damages(conn) == [(Damage.EDITED, 4)]


def test_a_hash_made_to_fit_one_edited_entry_shows_at_the_next(conn: Connection) -> None:
    hashes = conn.execute(text("SELECT hash FROM ledger_seals ORDER BY number")).scalars().all()
    conn.execute(text("UPDATE ledger_entries SET body = :b WHERE seq = 4"), {"b": FORGED})
    fitted = link(hashes[2], 4, 4, FORGED)
    conn.execute(text("UPDATE ledger_seals SET hash = :h WHERE number = 4"), {"h": fitted})
    assert (Damage.EDITED, 5) in damages(conn)


def test_a_deleted_row_is_found(conn: Connection) -> None:
    tampering.delete(conn, 4, seal_too=False)
    assert damages(conn) == [(Damage.DELETED, 4)]


def test_a_deleted_row_with_its_seal_is_found(conn: Connection) -> None:
    tampering.delete(conn, 4, seal_too=True)
    assert (Damage.DELETED, 4) in damages(conn)


def test_a_deleted_seal_alone_is_found_and_its_entry_is_not_sealed_again(conn: Connection) -> None:
    conn.execute(text("DELETE FROM ledger_seals WHERE number = 4"))
    assert seal(conn) == 0
    assert (Damage.DELETED, 4) in damages(conn)


def test_a_deletion_closed_up_is_found_as_one(conn: Connection) -> None:
    tampering.delete_and_close_up(conn, 4)
    assert damages(conn) == [(Damage.DELETED, 4)]


def test_the_first_entry_deleted_is_found(conn: Connection) -> None:
    tampering.delete(conn, 1, seal_too=True)
    assert (Damage.DELETED, 1) in damages(conn)


def test_an_insertion_in_the_middle_is_found(conn: Connection) -> None:
    tampering.insert_at(conn, 4, FORGED)
    assert (Damage.INSERTED, 4) in damages(conn)


def test_an_unsealed_row_below_the_last_sealed_one_is_found_and_never_sealed(conn: Connection) -> None:
    tampering.forge(conn, -3, FORGED)
    assert seal(conn) == 0
    (problem,) = verify(conn).problems
    assert problem.damage is Damage.INSERTED
    assert "seq -3" in problem.sentence


def test_an_entry_put_below_the_end_and_sealed_is_found(conn: Connection) -> None:
    tampering.forge(conn, -3, FORGED)
    conn.execute(text("INSERT INTO ledger_seals VALUES (11, -3, zeroblob(32))"))
    assert not verify(conn).ok


@pytest.mark.parametrize(("one", "other"), [(4, 5), (2, 9), (1, 10)])
def test_a_swap_is_found_and_both_are_named(conn: Connection, one: int, other: int) -> None:
    tampering.swap(conn, one, other)
    (problem,) = verify(conn).problems
    assert problem.damage is Damage.SWAPPED
    assert problem.sentence == f"Entries {one} and {other} stand in each other's place."


def test_seals_that_exchange_their_entries_are_found_as_a_swap(conn: Connection) -> None:
    for before, after in ((3, -1), (7, 3), (-1, 7)):
        conn.execute(text(f"UPDATE ledger_seals SET entry_seq = {after} WHERE entry_seq = {before}"))
    assert damages(conn) == [(Damage.SWAPPED, 3)]


def test_a_changed_origin_is_found(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_origin SET store_id = 'another'"))
    assert damages(conn) == [(Damage.EDITED, 1)]


def test_a_missing_origin_is_found(conn: Connection) -> None:
    conn.execute(text("DELETE FROM ledger_origin"))
    assert damages(conn) == [(Damage.DELETED, None)]


def test_a_cut_off_end_is_found_against_a_checkpoint_and_only_then(conn: Connection) -> None:
    kept = checkpoint(conn, NOON + timedelta(hours=1))
    tampering.truncate(conn, 7)
    assert verify(conn).ok
    (problem,) = verify(conn, [kept]).problems
    assert problem.damage is Damage.TRUNCATED
    assert problem.sentence == (
        "The ledger ends with entry 7; the checkpoint of 2026-03-02 13:00 UTC knows entry 10. "
        "Entries 8 to 10 are cut off."
    )


def test_an_emptied_ledger_is_found_against_a_checkpoint(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    for table in ("ledger_entries", "ledger_seals"):
        conn.execute(text(f"DELETE FROM {table}"))
    assert [problem.damage for problem in verify(conn, [kept]).problems] == [Damage.TRUNCATED]


def test_a_recomputed_chain_is_found_against_a_checkpoint_and_only_then(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    tampering.edit_body(conn, 4)
    tampering.recompute(conn)
    assert verify(conn).ok
    assert [problem.damage for problem in verify(conn, [kept]).problems] == [Damage.RECOMPUTED]


def test_another_ledgers_checkpoint_is_told_as_such(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    conn.execute(text("UPDATE ledger_origin SET store_id = 'another'"))
    tampering.recompute(conn)
    sentences = [problem.sentence for problem in verify(conn, [kept]).problems]
    assert any("another ledger's checkpoint, or this ledger was written anew" in one for one in sentences)


def test_damage_without_end_is_counted_and_told_in_part(engine: Engine) -> None:
    fill(engine, 400)
    with engine.connect() as conn:
        conn.execute(text("UPDATE ledger_seals SET hash = randomblob(32) WHERE number % 2 = 0"))
        result = verify(conn)
        assert result.found == 200
        assert len(result.problems) == 100


def test_progress_tells_how_far_it_is(conn: Connection) -> None:
    told: list[tuple[int, int]] = []
    verify(conn, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (10, 10)


def test_whatever_stands_in_a_seal_is_reported_and_stops_nothing(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_seals SET hash = 'text', entry_seq = 'text' WHERE number = 4"))
    assert not verify(conn).ok
