"""The connections' keys in memory, asked by value at the door."""

from collections.abc import Callable, Iterable
from datetime import datetime

from tradewire.contract.authenticator import KeyState, KeyStatus
from tradewire.domain.base import Struct
from tradewire.security import keys
from tradewire.security.hashing import same

_NO_DIGEST = "0" * 64


class KeyRow(Struct):
    """One key as it is stored: `digest` is `Secrets.digest` of it, never the key itself."""

    key_id: str
    connection: str
    provider: str
    digest: str
    revoked_at: datetime | None = None


class KeyTable:
    """A `KeyRing` over an immutable snapshot of rows, which `replace` swaps in one step.

    A new snapshot is in force for the next look-up, from whichever thread it comes.
    """

    def __init__(self, digest: Callable[[str], str], rows: Iterable[KeyRow] = ()) -> None:
        """`digest` is `Secrets.digest`."""
        self._digest = digest
        self._by_digest: dict[str, KeyRow] = {}
        self.replace(rows)

    def replace(self, rows: Iterable[KeyRow]) -> None:
        """Use `rows` from now on, instead of all that were there."""
        self._by_digest = {row.digest: row for row in rows}

    def look_up(self, key: str) -> KeyStatus:
        """What is known of `key`.

        A malformed key or a typo is refused without a look-up. Every well-formed key costs one HMAC, one
        look-up by it and one comparison of constant time, whether it is known, revoked or neither; the HMAC's
        pepper keeps the look-up's own timing from telling anything.
        """
        if not keys.is_shaped(key):
            return KeyStatus(state=KeyState.MALFORMED)
        if not keys.has_valid_checksum(key):
            return KeyStatus(state=KeyState.BAD_CHECKSUM)
        presented = self._digest(key)
        row = self._by_digest.get(presented)
        if not same(presented, row.digest if row is not None else _NO_DIGEST) or row is None:
            return KeyStatus(state=KeyState.UNKNOWN)
        return KeyStatus(
            state=KeyState.VALID if row.revoked_at is None else KeyState.REVOKED,
            key_id=row.key_id,
            connection=row.connection,
            provider=row.provider,
            revoked_at=row.revoked_at,
        )
