"""Naming the damage: where the chain does not hold, does the rightful entry stand somewhere else?"""

from collections.abc import Iterator
from typing import NamedTuple

from tradewire.ledger.chain import link_digest
from tradewire.ledger.damage import Damage, Problem

# Every pair is tried among so many; among more, only neighbours.
_PAIRS = 200


class BrokenEntry(NamedTuple):
    """A sealed entry whose hash is not that of its body; `before` are hashes it may have been chained to."""

    number: int
    seq: int
    hash: bytes
    digest: bytes
    before: tuple[bytes, ...]


def explain(broken: list[BrokenEntry]) -> Iterator[Problem]:
    """A problem for each swapped pair, each run of moved entries, each other entry; `broken` in order."""
    homes = [_home(broken, place) for place in range(len(broken))]
    swapped = {place for place, home in enumerate(homes) if home is not None and homes[home] == place}
    for place in sorted(swapped):
        home = homes[place]
        if home is not None and place < home:
            one, other = broken[place].number, broken[home].number
            yield _problem(Damage.SWAPPED, one, f"Entries {one} and {other} stand in each other's place.")
    for run in _runs(broken, swapped):
        yield from _of_run(broken, homes, run)


def _of_run(broken: list[BrokenEntry], homes: list[int | None], run: list[int]) -> Iterator[Problem]:
    moved = [_moved(broken[place], place, homes[place]) for place in run]
    first, last = broken[run[0]].number, broken[run[-1]].number
    if moved.count(1) > moved.count(-1):
        yield _problem(
            Damage.INSERTED,
            first,
            f"At entry {first} something was inserted; entries up to {last} no longer stand in their place.",
        )
    elif moved.count(-1) > 0:
        yield _problem(
            Damage.DELETED,
            first,
            f"At entry {first} something was deleted; entries up to {last} no longer stand in their place.",
        )
    else:
        for place in run:
            number = broken[place].number
            yield _problem(Damage.EDITED, number, f"Entry {number} is not what was sealed: it was edited.")


def _moved(one: BrokenEntry, place: int, home: int | None) -> int:
    """1: pushed back by an insertion before it; -1: pulled forward by a deletion; 0: neither."""
    if home is not None:
        return 1 if home > place else -1
    for shift in (-1, 1):
        for seq in (one.seq, one.seq + shift):
            if any(
                link_digest(hash_, one.number + shift, seq, one.digest) == one.hash for hash_ in one.before
            ):
                return -shift
    return 0


def _home(broken: list[BrokenEntry], place: int) -> int | None:
    """Where the body that `broken[place]` was sealed with stands now, if at another broken entry."""
    one = broken[place]
    others = range(len(broken)) if len(broken) <= _PAIRS else range(max(0, place - 1), place + 2)
    for other in others:
        if other == place or other >= len(broken):
            continue
        there = broken[other]
        for seq in {one.seq, there.seq}:
            if any(link_digest(hash_, one.number, seq, there.digest) == one.hash for hash_ in one.before):
                return other
    return None


def _runs(broken: list[BrokenEntry], without: set[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for place, one in enumerate(broken):
        if place in without:
            continue
        if run and one.number != broken[run[-1]].number + 1:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _problem(damage: Damage, number: int, sentence: str) -> Problem:
    return Problem(damage=damage, number=number, sentence=sentence)
