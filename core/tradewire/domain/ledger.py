"""What the ledger holds: one `Entry` for everything that happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from tradewire.domain.base import Struct

#: What an entry's `data` may hold. No float: money and quantity are Decimals, stored as canonical text.
Value: TypeAlias = "str | int | bool | Decimal | datetime | Sequence[Value] | Mapping[str, Value] | None"


class EntryKind(StrEnum):
    """Every kind of entry, `subject.what_happened`. A kind once written is never renamed or removed."""

    SIGNAL_ACCEPTED = "signal.accepted"
    SIGNAL_INVALID = "signal.invalid"
    SIGNAL_DUPLICATE = "signal.duplicate"
    SIGNAL_ROUTED = "signal.routed"
    SIGNAL_NO_MATCH = "signal.no_match"
    SIGNAL_FAILED = "signal.failed"

    PARENT_CREATED = "parent.created"
    PARENT_SKIPPED = "parent.skipped"
    PARENT_GUARDED = "parent.guarded"
    PARENT_ADMITTED = "parent.admitted"
    PARENT_WAITING = "parent.waiting"
    PARENT_PAUSED = "parent.paused"
    PARENT_CANCEL_REQUESTED = "parent.cancel_requested"
    PARENT_ENDED = "parent.ended"

    CHILD_CREATED = "child.created"
    CHILD_SENT = "child.sent"
    CHILD_ACKNOWLEDGED = "child.acknowledged"
    CHILD_REJECTED = "child.rejected"
    CHILD_UNKNOWN = "child.unknown"
    CHILD_LOOKED_UP = "child.looked_up"
    CHILD_CANCEL_REQUESTED = "child.cancel_requested"
    CHILD_ENDED = "child.ended"
    CHILD_RESOLVED = "child.resolved"

    FILL_STORED = "fill.stored"

    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_REMOVED = "account.removed"
    ACCOUNT_DRIFT = "account.drift"
    ALGORITHM_ADDED = "algorithm.added"
    ALGORITHM_CHANGED = "algorithm.changed"
    ALGORITHM_REMOVED = "algorithm.removed"
    ALGORITHM_STARTED = "algorithm.started"
    ALGORITHM_STOPPED = "algorithm.stopped"
    ALGORITHM_EXPIRED = "algorithm.expired"

    KEY_CREATED = "key.created"
    KEY_REVEALED = "key.revealed"
    KEY_REVOKED = "key.revoked"
    KEY_REGENERATED = "key.regenerated"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    PASSWORD_SET = "password.set"
    SWITCH_CHANGED = "switch.changed"

    STORE_HELD = "store.held"
    STORE_CONFIRMED = "store.confirmed"

    PLUGIN_QUARANTINED = "plugin.quarantined"
    ALERT_RAISED = "alert.raised"
    ENGINE_STARTED = "engine.started"


class Entry(Struct):
    """One thing that happened. Whatever id is known is given, so that every entry is found by each of them.

    `by` is who did it (a person, a token, a part of the engine), `reason` a reason code or a sentence.
    No field ever holds a secret.
    """

    at: datetime
    kind: EntryKind
    signal_id: str | None = None
    parent_id: str | None = None
    client_id: str | None = None
    account_id: str | None = None
    algorithm_id: str | None = None
    by: str | None = None
    reason: str | None = None
    data: Mapping[str, Value] = {}


class Recorded(Entry, kw_only=True):
    """An entry as stored: `seq` is its place in the table, `number` in the chain (None: not yet sealed)."""

    seq: int
    number: int | None = None
