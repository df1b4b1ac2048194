import pytest
from sqlalchemy import Connection, Engine, text

from core.ledger import tampering
from core.ledger.samples import NOON, entry
from tradewire.contract.errors import Unhonoured
from tradewire.ledger.append import append
from tradewire.ledger.checkpoint import checkpoint, from_json, holds, to_json
from tradewire.ledger.seal import seal

GOOD = (
    '{"at":"2026-03-02T12:00:00.000000Z","hash":"' + "0a" * 32 + '","number":3,'
    '"store_id":"2f0c6b9e-64a5-4a33-9d8e-0d5a35fd2b11"}'
)


def test_a_checkpoint_is_the_last_sealed_entry(conn: Connection) -> None:
    append(conn, [entry(11)])
    assert checkpoint(conn, NOON).number == 10
    seal(conn)
    assert checkpoint(conn, NOON).number == 11


def test_a_checkpoint_comes_back_from_its_text(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    assert from_json(to_json(kept)) == kept


def test_the_text_of_a_checkpoint_is_canonical() -> None:
    assert to_json(from_json(GOOD)) == GOOD


def test_without_a_sealed_entry_there_is_no_checkpoint(engine: Engine) -> None:
    with engine.connect() as conn, pytest.raises(Unhonoured, match="no sealed entry"):
        checkpoint(conn, NOON)


@pytest.mark.parametrize(
    ("text_", "says"),
    [
        ("", "not a checkpoint"),
        ("[]", "not a checkpoint"),
        (GOOD.replace('"number":3', '"number":"3"'), "number"),
        (GOOD.replace('"number":3', '"number":0'), "numbered from 1"),
        (GOOD.replace("0a", "0A"), "64 lower-case"),
        (GOOD.replace("0a0a", "0a"), "64 lower-case"),
        (GOOD.replace(".000000Z", "Z"), "time"),
        (GOOD.replace("}", ',"more":1}'), "more"),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_a_sentence(text_: str, says: str) -> None:
    with pytest.raises(Unhonoured, match=says) as refused:
        from_json(text_)
    assert str(refused.value).endswith(".")


def test_a_checkpoint_holds_while_the_ledger_grows(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    append(conn, [entry(11)])
    seal(conn)
    assert holds(conn, kept)


def test_a_checkpoint_does_not_hold_in_an_older_state_or_another_ledger(conn: Connection) -> None:
    kept = checkpoint(conn, NOON)
    conn.execute(text("UPDATE ledger_origin SET store_id = 'another'"))
    assert not holds(conn, kept)
    conn.rollback()
    tampering.truncate(conn, 7)
    assert not holds(conn, kept)
