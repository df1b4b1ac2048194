"""What a check of a history says: codes, sentences, counts."""

from collections.abc import Mapping
from enum import StrEnum

from tradewire.domain.base import Struct


class FindingCode(StrEnum):
    """What is wrong. The reference page says of each which promise it breaks."""

    DAMAGED = "damaged"

    LOST = "lost"
    UNFINISHED = "unfinished"
    DOUBLED = "doubled"
    RESENT = "resent"
    WRONG_ID = "wrong_id"
    CHANGED_CONTENT = "changed_content"

    ORPHAN = "orphan"
    NEVER_ARRIVED = "never_arrived"
    FILL_MISSING = "fill_missing"
    FILL_INVENTED = "fill_invented"
    DOUBLE_BOOKED = "double_booked"
    OVERFILLED = "overfilled"
    OVERPLACED = "overplaced"
    POSITION = "position"

    UNGUARDED = "unguarded"
    BLOCKED_YET_SENT = "blocked_yet_sent"
    AFTER_HALT = "after_halt"
    AFTER_CANCEL = "after_cancel"
    AFTER_END = "after_end"
    OLD_LEASE = "old_lease"

    OUT_OF_ORDER = "out_of_order"
    OVERTOOK_CLOSE = "overtook_close"
    CLOSED_OVER_WORKING = "closed_over_working"
    PAST_UNKNOWN = "past_unknown"
    IMPOSSIBLE = "impossible"


class Finding(Struct):
    """One thing that should not be. `number` is the entry's where it shows; None: at the end, or outside."""

    code: FindingCode
    sentence: str
    number: int | None = None
    signal_id: str | None = None
    parent_id: str | None = None
    client_id: str | None = None


#: Findings that are spelt out.
MOST = 100


class Report(Struct):
    """What was read and what was found; `ok`: nothing was.

    `accepted` signals, `orders` at the broker (children), `fills`. `live` are orders (parents) that had not
    ended, `unknown` those whose fate was open when the history ends. `counts` says how often each code was
    found; `findings` are the first `MOST`.
    """

    ok: bool
    entries: int
    accepted: int
    orders: int
    fills: int
    live: int
    unknown: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    def count(self, *codes: FindingCode) -> int:
        return sum(self.counts.get(code.value, 0) for code in codes)
