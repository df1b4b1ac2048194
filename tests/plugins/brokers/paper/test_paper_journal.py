import asyncio
from pathlib import Path

import pytest

from tradewire_paper.journal import Journal


def write(folder: Path, *entries: dict[str, bytes | None]) -> Path:
    async def scenario() -> None:
        journal = Journal(folder)
        for one in entries:
            await journal.put("a", one)
        journal.close()

    asyncio.run(scenario())
    return folder / "venue.jsonl"


def test_entries_outlive_the_process_and_null_deletes(tmp_path: Path) -> None:
    write(tmp_path, {"x": b"1", "y": b'"two"'}, {"x": None})
    journal = Journal(tmp_path)
    assert journal.accounts == {"a": {"y": b'"two"'}}
    journal.close()


def test_half_a_last_line_is_forgotten_and_written_over(tmp_path: Path) -> None:
    file = write(tmp_path, {"x": b"1"}, {"x": b"2"})
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    write(tmp_path, {"z": b"3"})
    journal = Journal(tmp_path)
    assert journal.accounts == {"a": {"x": b"1", "z": b"3"}}
    journal.close()


def test_a_damaged_line_is_named_and_nothing_is_guessed(tmp_path: Path) -> None:
    file = write(tmp_path, {"x": b"1"}, {"x": b"2"})
    file.write_bytes(b"{" + file.read_bytes())
    with pytest.raises(OSError, match="damaged at line 1"):
        Journal(tmp_path)


def test_a_second_process_cannot_share_the_folder(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(OSError, match="in use by another venue process"):
        Journal(tmp_path)
    journal.close()


def test_without_a_folder_entries_are_kept_in_memory() -> None:
    async def scenario() -> None:
        journal = Journal(None)
        await journal.put("a", {"x": b"1"})
        assert journal.accounts == {"a": {"x": b"1"}}
        journal.close()

    asyncio.run(scenario())
