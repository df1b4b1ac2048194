"""Stage authenticate: who sent this?"""

from abc import ABC, abstractmethod
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tradewire.domain.base import Struct


class KeyState(StrEnum):
    """MALFORMED: not of a key's form. BAD_CHECKSUM: one with a typo. UNKNOWN: well-formed, never issued."""

    VALID = "valid"
    MALFORMED = "malformed"
    BAD_CHECKSUM = "bad_checksum"
    UNKNOWN = "unknown"
    REVOKED = "revoked"


class KeyStatus(Struct):
    """What the key ring says of a presented key."""

    state: KeyState
    key_id: str | None = None
    connection: str | None = None
    provider: str | None = None
    revoked_at: datetime | None = None


class KeyRing(Protocol):
    """The connections' keys, asked by value; answers take the same time whether a key is right or wrong."""

    def look_up(self, key: str) -> KeyStatus: ...


class Attempt(Struct):
    """One request at the door. `key` is what the message presented, `source` the client's address."""

    provider: str
    source: str
    key: str | None
    at: datetime


class Caller(Struct):
    """Who it is: the connection's name and the id of its key."""

    connection: str
    key_id: str


class Denied(Struct):
    """A refusal: a `kind` for programs ("revoked", "bad_checksum", …) and a sentence for the user."""

    kind: str
    message: str


class Authenticator(ABC):
    """Says who a request comes from, or denies it.

    | member | | |
    |---|---|---|
    | `name` | required | |
    | `authenticate` | required | pure; at most 250 ms |
    | `providers` | optional | the providers it is asked for; empty: all |

    Every authenticator is asked; any denial wins, then the first caller. No caller at all is a 401.
    """

    name: str
    providers: frozenset[str] = frozenset()

    @abstractmethod
    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        """The caller, a denial, or None for "not mine to say". An exception is a 503."""
