"""Verifying an exported ledger alone: no database, no secret, only the file and checkpoints."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.ledger.chain import genesis
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.ledger.damage import Damage, Verification
from tradewire.ledger.export import COLUMNS, Line, cells
from tradewire.ledger.walk import ChainWalk

_decode = msgspec.json.Decoder(Line).decode
_BODY = COLUMNS.index("body")


def read_export(lines: Iterable[str]) -> Iterator[Line]:
    """The entries of a JSONL or CSV export as they stand there, unverified. `Unhonoured`: no export."""
    for line, _ in _read(lines):
        yield line


def verify_export(lines: Iterable[str], checkpoints: Sequence[Checkpoint] = ()) -> Verification:
    """Verify a JSONL or CSV export: the lines of a text file opened with `newline=""`.

    A checkpoint of an entry before the file's first is not compared. `Unhonoured`: not an export.
    """
    return _verify(_read(lines), checkpoints)


def _read(lines: Iterable[str]) -> Iterator[tuple[Line, bool]]:
    every = iter(lines)
    head = next(every, "")
    if head.startswith("{"):
        return ((line, True) for line in _jsonl(chain([head], every)))
    if head.rstrip("\r\n") == ",".join(COLUMNS):
        return _csv(every)
    raise Unhonoured(
        "This is not an export of the ledger: its first line is neither JSON nor the CSV header."
    )


def _verify(lines: Iterator[tuple[Line, bool]], checkpoints: Sequence[Checkpoint]) -> Verification:
    walk: ChainWalk | None = None
    previous = ""
    for line, agrees in lines:
        if walk is None:
            walk = ChainWalk(line.number, _unhex(line.previous), _within(checkpoints, line.number))
            _check_start(walk, line, checkpoints)
        elif line.previous != previous:
            walk.note(
                Damage.EDITED,
                line.number,
                f"Entry {line.number} names another previous hash than the line before it has.",
            )
        if walk.step(line.number, line.seq, _unhex(line.hash), bytes(line.body)) and not agrees:
            walk.note(
                Damage.EDITED,
                line.number,
                f"Entry {line.number} was edited: its cells differ from its body.",
            )
        previous = line.hash
    return (walk or ChainWalk(1, None, checkpoints)).finish(None)


def _check_start(walk: ChainWalk, line: Line, checkpoints: Sequence[Checkpoint]) -> None:
    for kept in checkpoints:
        if kept.number == line.number - 1:
            same = line.previous == kept.hash
        else:
            same = line.number != 1 or line.previous == genesis(kept.store_id).hex()
        if not same:
            walk.note(
                Damage.RECOMPUTED,
                line.number,
                f"The export does not start where the checkpoint of entry {kept.number} says: "
                "it is another ledger's, or it was written anew.",
            )


def _within(checkpoints: Sequence[Checkpoint], first: int) -> list[Checkpoint]:
    return [kept for kept in checkpoints if kept.number >= first]


def _jsonl(lines: Iterable[str]) -> Iterator[Line]:
    for place, text in enumerate(lines, 1):
        try:
            yield _decode(text)
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
            raise Unhonoured(f"Line {place} of the export cannot be read: {error}.") from error


def _csv(lines: Iterable[str]) -> Iterator[tuple[Line, bool]]:
    """Each row, and whether its cells are those that its body gives."""
    for place, row in enumerate(csv.reader(lines), 1):
        if len(row) != len(COLUMNS):
            raise Unhonoured(f"Row {place} of the export has {len(row)} cells instead of {len(COLUMNS)}.")
        number, seq = row[0], row[1]
        try:
            line = Line(
                number=int(number),
                seq=int(seq),
                previous=row[-2],
                hash=row[-1],
                body=msgspec.Raw(row[_BODY].encode()),
            )
            yield line, cells(line) == row
        except (ValueError, AttributeError, csv.Error, msgspec.MsgspecError, RecursionError) as error:
            raise Unhonoured(f"Row {place} of the export cannot be read: {error}.") from error


def _unhex(text: str) -> bytes:
    # What is no hexadecimal is no hash; it then matches none, and the entry is reported.
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
