"""A message on its way into the store, and what became of it there."""

from datetime import datetime
from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.message import Message
from tradewire.ingress.claim import Claim


class Fault(Struct):
    """Why a message will never run: the field (None: the whole body or request) and a sentence."""

    field: str | None
    reason: str


class Arrival(Struct, kw_only=True):
    """One message of a known caller. `id` becomes the signal's; `raw` and `message` hold no key.

    `digest` is that of the content, or of the explicit id (`for_ever`). `in_doubt`: an earlier copy was
    answered without knowing whether it was stored. `checked_by` names the authenticators that were asked.
    """

    id: str
    provider: str
    connection: str
    key_id: str
    source: str
    received_at: datetime
    raw: bytes
    content_digest: str
    digest: str
    for_ever: bool = False
    message: Message | None = None
    fault: Fault | None = None
    checked_by: tuple[str, ...] = ()
    in_doubt: bool = False
    claim: Claim


class Stored(StrEnum):
    """The first three stand in the Signal Log; of the others nothing was stored."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    REVOKED = "revoked"
    GIVEN_UP = "given_up"


class Outcome(Struct):
    """`of` is the first copy of a duplicate, `revoked_at` when the key's life ended."""

    stored: Stored
    of: str | None = None
    revoked_at: datetime | None = None
