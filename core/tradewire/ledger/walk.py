"""Walking along the chain: the same for a database and for an export."""

from collections.abc import Sequence
from hashlib import sha256

from tradewire.ledger.chain import genesis, link
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.ledger.damage import MOST, Damage, Problem, Verification
from tradewire.ledger.moved import BrokenEntry, explain

_REMEMBERED = 1000


class ChainWalk:
    """Follows entries in order of number and notes where the chain does not hold.

    `previous` is the hash before the first entry; None where it is not known: the first is then trusted.
    """

    def __init__(self, number: int, previous: bytes | None, checkpoints: Sequence[Checkpoint]) -> None:
        self.number = number - 1
        self.entries = 0
        self._first = number
        self._seq: int | None = None
        self._seen = previous
        self._wanted = previous
        self._before: bytes | None = None
        self._checkpoints = {one.number: one for one in checkpoints}
        self._all = checkpoints
        self._matched = 0
        self._problems: list[Problem] = []
        self._broken: list[BrokenEntry] = []
        self._found = 0

    def step(self, number: int, seq: int, stored: bytes, body: bytes | None) -> bool:
        """The next entry; whether it stands as it was sealed. `body` None: there is a seal and no entry."""
        self.entries += 1
        holds = self._place(number) and self._chained(number, seq, stored, body)
        self.number = number
        if holds:
            self._seq = seq
        if number in self._checkpoints:
            self._compare(self._checkpoints[number], stored)
        return holds

    def _place(self, number: int) -> bool:
        expected = self.number + 1
        if number == expected:
            return True
        if number > expected:
            self.note(Damage.DELETED, expected, f"{_span(expected, number - 1)} missing from the chain.")
            self._seen = self._wanted = self._before = None
            return True
        self.note(Damage.INSERTED, number, f"Entry {number} stands in the chain more than once.")
        return False

    def _chained(self, number: int, seq: int, stored: bytes, body: bytes | None) -> bool:
        seen, wanted, before = self._seen, self._wanted, self._before
        self._seen = self._wanted = stored
        self._before = seen
        if body is None:
            self.note(Damage.DELETED, number, f"Entry {number} is sealed, and its row (seq {seq}) is gone.")
            return False
        if seen is None or wanted is None:
            return True
        rising = self._seq is None or seq > self._seq
        computed = link(seen, number, seq, body)
        if rising and stored == computed:
            return True
        if rising and wanted != seen and stored == link(wanted, number, seq, body):
            return True
        self._wanted = computed
        self._found += 1
        if len(self._broken) < _REMEMBERED:
            known = tuple(one for one in (seen, wanted, before) if one is not None)
            self._broken.append(BrokenEntry(number, seq, stored, sha256(body).digest(), known))
        return False

    def _compare(self, kept: Checkpoint, stored: bytes) -> None:
        if stored.hex() == kept.hash:
            self._matched += 1
            return
        self.note(
            Damage.RECOMPUTED,
            kept.number,
            f"Entry {kept.number} does not have the hash of the checkpoint of {kept.at:%Y-%m-%d %H:%M} UTC: "
            "it, or an entry before it, was changed and the chain computed anew.",
        )

    def note(self, damage: Damage, number: int | None, sentence: str) -> None:
        self._found += 1
        if len(self._problems) <= MOST:
            self._problems.append(Problem(damage=damage, number=number, sentence=sentence))

    def finish(self, store: str | None, unsealed: int = 0) -> Verification:
        """The result, after the last entry; `store` is the ledger's id, None where it is not known."""
        for kept in self._all:
            if store is not None and kept.store_id != store:
                self.note(
                    Damage.RECOMPUTED,
                    kept.number,
                    f"The checkpoint of entry {kept.number} belongs to ledger {kept.store_id}, and this one "
                    f"is {store}: either it is another ledger's checkpoint, or this ledger was written anew.",
                )
            elif kept.number > self.number:
                self.note(
                    Damage.TRUNCATED,
                    kept.number,
                    f"The ledger ends with entry {self.number}; the checkpoint of "
                    f"{kept.at:%Y-%m-%d %H:%M} UTC knows entry {kept.number}. "
                    f"{_span(self.number + 1, kept.number)} cut off.",
                )
        problems = sorted(
            [*self._problems, *explain(self._broken)], key=lambda one: (one.number is None, one.number or 0)
        )
        return Verification(
            entries=self.entries,
            last=self.number,
            hash=self._seen.hex() if self._seen is not None and self.entries else "",
            unsealed=unsealed,
            checkpoints=self._matched,
            found=self._found,
            problems=tuple(problems[:MOST]),
        )


def start_of(store: str | None) -> bytes | None:
    """What entry 1 is chained to."""
    return None if store is None else genesis(store)


def _span(first: int, last: int) -> str:
    return f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
