"""The key file in a backup: encrypted by a passphrase, and opened by nothing else."""

import base64
import secrets

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.fernet import Fernet, InvalidToken

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct

MIN_LENGTH = 12
# Higher than for a password that is typed every day: whoever has the file may try for years.
_MEMORY_KIB = 64 * 1024
_PASSES = 3
_SALT_LENGTH = 16
_MOST_MEMORY_KIB = 1024 * 1024
_MOST_PASSES = 32


class _Sealed(Struct):
    """argon2id over the passphrase with `salt` gives the Fernet key that opens `content`."""

    kdf: str
    salt: bytes
    memory_kib: int
    passes: int
    content: bytes


def seal_key_file(content: bytes, passphrase: str) -> bytes:
    """`content` encrypted, with all that is needed to open it but the passphrase.

    Raises `Unhonoured` for a passphrase that is too short.
    """
    if len(passphrase) < MIN_LENGTH:
        raise Unhonoured(f"The passphrase needs at least {MIN_LENGTH} characters.")
    salt = secrets.token_bytes(_SALT_LENGTH)
    fernet = _fernet(passphrase, salt, _MEMORY_KIB, _PASSES)
    return msgspec.json.encode(
        _Sealed(
            kdf="argon2id",
            salt=salt,
            memory_kib=_MEMORY_KIB,
            passes=_PASSES,
            content=fernet.encrypt(content),
        )
    )


def open_key_file(sealed: bytes, passphrase: str) -> bytes:
    """The key file's content; raises `Unhonoured` where the passphrase is another or the file was changed."""
    try:
        read = msgspec.json.decode(sealed, type=_Sealed)
    except msgspec.MsgspecError as error:
        raise Unhonoured("The key file in the backup is damaged.") from error
    if read.memory_kib > _MOST_MEMORY_KIB or read.passes > _MOST_PASSES:
        raise Unhonoured("The key file in the backup asks for more memory or time than Tradewire ever does.")
    try:
        return _fernet(passphrase, read.salt, read.memory_kib, read.passes).decrypt(read.content)
    except InvalidToken:
        raise Unhonoured("The passphrase does not open the key file in the backup.") from None


def _fernet(passphrase: str, salt: bytes, memory_kib: int, passes: int) -> Fernet:
    key = hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return Fernet(base64.urlsafe_b64encode(key))
