"""Sealing of credentials and revealable keys: Fernet (AES-128-CBC with HMAC-SHA-256) with rotation."""

import base64
import binascii
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tradewire.contract.errors import Unhonoured
from tradewire.security.hashing import key_digest

PEPPER_LENGTH = 32

_HEADER = """\
# Tradewire's key file. Whoever has it and the database has every credential; without it the credentials
# and the webhook keys are lost. Keep a copy apart from the database.
# The first sealing key seals, all of them unseal.
"""


class Secrets:
    """What the key file holds: the pepper of key digests, and the sealing keys, newest first."""

    def __init__(self, pepper: bytes, sealing_keys: tuple[bytes, ...]) -> None:
        """`pepper` is 32 bytes; each of `sealing_keys` is a Fernet key (base64url of 32 bytes)."""
        if len(pepper) < PEPPER_LENGTH or not sealing_keys:
            raise Unhonoured("The key file is incomplete: it needs a pepper of 32 bytes and a sealing key.")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in sealing_keys])
        except (ValueError, binascii.Error):
            raise Unhonoured("A sealing key in the key file is damaged; restore the file's copy.") from None
        self._pepper = pepper
        self._sealing_keys = sealing_keys

    def __repr__(self) -> str:
        return f"Secrets({len(self._sealing_keys)} sealing keys)"

    @classmethod
    def new(cls) -> "Secrets":
        return cls(secrets.token_bytes(PEPPER_LENGTH), (Fernet.generate_key(),))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Secrets":
        """From a key file's content; raises `Unhonoured` where it is not one."""
        pepper, sealing_keys = b"", []
        for line in raw.splitlines():
            name, _, value = line.strip().partition(b" ")
            if name == b"pepper":
                pepper = _decoded(value)
            elif name == b"seal":
                sealing_keys.append(value.strip())
            elif name and not name.startswith(b"#"):
                raise Unhonoured(
                    "The key file holds a line that is not Tradewire's; restore the file's copy."
                )
        return cls(pepper, tuple(sealing_keys))

    def to_bytes(self) -> bytes:
        """A key file's content, as `from_bytes` reads it."""
        lines = [b"pepper " + base64.urlsafe_b64encode(self._pepper)]
        lines += [b"seal " + key for key in self._sealing_keys]
        return _HEADER.encode() + b"\n".join(lines) + b"\n"

    def digest(self, key: str) -> str:
        """What is stored of a key or token: 64 hex characters."""
        return key_digest(key, self._pepper)

    def seal(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def unseal(self, sealed: bytes) -> bytes:
        """The sealed bytes; raises `Unhonoured` where no key of this file fits or they were changed."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Unhonoured(
                "A sealed value cannot be opened: it was changed, or it was sealed with another key file. "
                "Restore the key file that belongs to this database."
            ) from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same value sealed with the newest key; raises `Unhonoured` as `unseal` does."""
        return self.seal(self.unseal(sealed))

    def rotated(self) -> "Secrets":
        """These with a new sealing key in front; the old ones still unseal, the pepper stays."""
        return Secrets(self._pepper, (Fernet.generate_key(), *self._sealing_keys))

    def with_newest_only(self) -> "Secrets":
        """These without the old sealing keys, for when everything has been resealed."""
        return Secrets(self._pepper, self._sealing_keys[:1])


def _decoded(value: bytes) -> bytes:
    try:
        return base64.b64decode(value.strip(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Unhonoured("The pepper in the key file is damaged; restore the file's copy.") from None
