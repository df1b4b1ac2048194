import csv
import io
import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, text

from core.ledger import tampering
from core.ledger.samples import NOON, entry
from tradewire.contract.errors import Unhonoured
from tradewire.ledger.append import append
from tradewire.ledger.checkpoint import checkpoint
from tradewire.ledger.damage import Damage
from tradewire.ledger.export import COLUMNS, RISKY, export_csv, export_jsonl
from tradewire.ledger.seal import seal
from tradewire.ledger.verify_export import verify_export

Export = Callable[..., int]
both = pytest.mark.parametrize("export", [export_jsonl, export_csv])


def lines(conn: Connection, export: Export, **bounds: int) -> list[str]:
    out = io.StringIO(newline="")
    export(conn, out, **bounds)
    out.seek(0)
    return list(out)


def add(conn: Connection, **fields: str) -> None:
    append(conn, [entry(11, **fields)])
    seal(conn)


@both
def test_an_export_verifies_alone(conn: Connection, export: Export) -> None:
    result = verify_export(lines(conn, export), [checkpoint(conn, NOON)])
    assert result.ok
    assert (result.entries, result.last, result.checkpoints) == (10, 10, 1)


@both
def test_a_part_verifies_from_its_first_entry(conn: Connection, export: Export) -> None:
    part = lines(conn, export, first=4, last=8)
    result = verify_export(part)
    assert result.ok
    assert (result.entries, result.last) == (5, 8)


@both
def test_an_edited_export_is_found(conn: Connection, export: Export) -> None:
    changed = [line.replace("signal-4", "signal-5") for line in lines(conn, export)]
    assert [(one.damage, one.number) for one in verify_export(changed).problems] == [(Damage.EDITED, 4)]


@both
def test_a_line_taken_out_is_found(conn: Connection, export: Export) -> None:
    every = lines(conn, export)
    del every[5]
    assert Damage.DELETED in {one.damage for one in verify_export(every).problems}


@both
def test_lines_in_another_order_are_found(conn: Connection, export: Export) -> None:
    every = lines(conn, export)
    every[5], every[6] = every[6], every[5]
    assert not verify_export(every).ok


@both
def test_a_line_twice_is_found(conn: Connection, export: Export) -> None:
    every = lines(conn, export)
    every.insert(5, every[5])
    assert Damage.INSERTED in {one.damage for one in verify_export(every).problems}


@both
def test_a_cut_off_export_is_found_against_a_checkpoint(conn: Connection, export: Export) -> None:
    kept = checkpoint(conn, NOON)
    result = verify_export(lines(conn, export)[:-2], [kept])
    assert [one.damage for one in result.problems] == [Damage.TRUNCATED]


@both
def test_an_export_of_a_recomputed_chain_is_found_against_a_checkpoint(
    conn: Connection, export: Export
) -> None:
    kept = checkpoint(conn, NOON)
    tampering.delete(conn, 4, seal_too=True)
    append(conn, [entry(11)])
    tampering.recompute(conn)
    assert verify_export(lines(conn, export)).ok
    assert Damage.RECOMPUTED in {one.damage for one in verify_export(lines(conn, export), [kept]).problems}


@both
def test_an_export_from_just_after_a_checkpoint_must_start_with_its_hash(
    conn: Connection, export: Export
) -> None:
    kept = checkpoint(conn, NOON)
    add(conn)
    part = lines(conn, export, first=11)
    assert verify_export(part, [kept]).ok
    changed = type(kept)(number=kept.number, hash="0" * 64, at=kept.at, store_id=kept.store_id)
    assert not verify_export(part, [changed]).ok


@both
def test_a_ledger_with_a_hole_is_not_exported_as_if_whole(conn: Connection, export: Export) -> None:
    tampering.delete(conn, 4, seal_too=False)
    with pytest.raises(Unhonoured, match="Entry 4 is sealed"):
        lines(conn, export)


def test_anyone_can_compute_the_hashes_of_a_jsonl_export(conn: Connection) -> None:
    previous = None
    for line in lines(conn, export_jsonl):
        read = json.loads(line)
        body = json.dumps(read["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        place = read["number"].to_bytes(8, "big") + read["seq"].to_bytes(8, "big")
        hashed = sha256(bytes.fromhex(read["previous"]) + place + sha256(body).digest()).hexdigest()
        assert hashed == read["hash"]
        assert previous in (None, read["previous"])
        previous = hashed


@pytest.mark.parametrize("first", RISKY)
def test_a_cell_that_a_spreadsheet_could_run_is_defused_and_comes_back(conn: Connection, first: str) -> None:
    reason = first + "cmd|' /C calc'!A0"
    add(conn, reason=reason)
    every = lines(conn, export_csv)
    cell = list(csv.reader(every))[-1][COLUMNS.index("reason")]
    assert cell == "'" + reason
    assert cell[1:] == reason
    assert verify_export(every).ok


def test_a_cell_with_quotes_commas_and_line_breaks_comes_back(conn: Connection) -> None:
    add(conn, reason='a "b", c\r\nd\ne\x00f')
    every = lines(conn, export_csv)
    assert list(csv.reader(every))[-1][COLUMNS.index("reason")] == 'a "b", c\r\nd\ne\x00f'
    assert verify_export(every).ok


def test_a_cell_that_no_longer_repeats_the_body_is_found(conn: Connection) -> None:
    every = lines(conn, export_csv)
    every[4] = every[4].replace("signal-4", "signal-5", 1)
    (problem,) = verify_export(every).problems
    assert problem.sentence == "Entry 4 was edited: its cells differ from its body."


def test_an_empty_ledger_exports_nothing(engine: Engine) -> None:
    with engine.connect() as conn:
        assert export_jsonl(conn, io.StringIO()) == 0
        assert lines(conn, export_csv) == [",".join(COLUMNS) + "\r\n"]


@pytest.mark.parametrize(
    "given",
    [
        ["hello\n"],
        [],
        ['{"number":1}\n'],
        [",".join(COLUMNS) + "\r\n", "1,2\r\n"],
        ["{\n"],
        ['{"body":' * 100_000],
        [",".join(COLUMNS) + "\r\n", f"1,1,,,,,,,,,,{'[' * 100_000},,\r\n"],
    ],
    ids=["words", "nothing", "other JSON", "too few cells", "broken JSON", "deep JSON", "deep cell"],
)
def test_what_is_no_export_is_refused_in_a_sentence(given: list[str]) -> None:
    with pytest.raises(Unhonoured, match=r"export .*\.$"):
        verify_export(given)


def test_an_export_starts_with_entry_one_at_the_earliest(conn: Connection) -> None:
    with pytest.raises(Unhonoured, match="numbered from 1"):
        lines(conn, export_jsonl, first=0)


def test_a_body_that_is_no_entry_is_not_exported(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_entries SET body = x'ff' WHERE seq = 4"))
    with pytest.raises(Unhonoured, match="Entry 4"):
        lines(conn, export_jsonl)
