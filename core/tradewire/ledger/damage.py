"""What a verification says: the kinds of damage, and the sentences about them."""

from enum import StrEnum

from tradewire.domain.base import Struct


class Damage(StrEnum):
    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    TRUNCATED = "truncated"
    RECOMPUTED = "recomputed"


class Problem(Struct):
    """One piece of damage: the number in the chain where it shows (None: it has none), and a sentence."""

    damage: Damage
    number: int | None
    sentence: str


class Verification(Struct):
    """What was looked at and what was found.

    `entries` were verified, up to number `last` with its `hash` (hex); `unsealed` ones are not in the chain
    yet; `checkpoints` is how many agreed. `found` counts the places where something is wrong; `problems` tell
    of them in order of number, several in one where one deed explains them, `MOST` at most.
    """

    entries: int
    last: int
    hash: str
    unsealed: int
    checkpoints: int
    found: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return self.found == 0


#: Problems that are spelt out.
MOST = 100
