"""The shape that webhook keys and API tokens share: prefix, 32 random base62 characters, 6 of checksum.

The checksum is the CRC-32 of everything before it, in base62. A CRC-32 finds every change within 32
consecutive bits, so any single wrong character and any two swapped neighbours are found with certainty, not
only probably. It is no protection against forgery; the 190 random bits are.
"""

import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH = 32
CHECKSUM_LENGTH = 6
BODY_LENGTH = RANDOM_LENGTH + CHECKSUM_LENGTH

_BODY = re.compile(rf"[0-9A-Za-z]{{{BODY_LENGTH}}}")


def new(prefix: str) -> str:
    """A new token from the operating system's random source."""
    head = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return head + checksum(head)


def checksum(head: str) -> str:
    """The 6 base62 characters that follow `head` (prefix and random part)."""
    rest = zlib.crc32(head.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_shaped(prefix: str, token: str) -> bool:
    """Whether `token` has the prefix, the length and the alphabet, whatever its checksum."""
    return token.startswith(prefix) and _BODY.fullmatch(token[len(prefix) :]) is not None


def has_valid_checksum(prefix: str, token: str) -> bool:
    """Whether `token` is well formed to the last character."""
    return is_shaped(prefix, token) and checksum(token[:-CHECKSUM_LENGTH]) == token[-CHECKSUM_LENGTH:]


def last4(token: str) -> str:
    """The last 4 characters, for telling tokens apart; empty where that would show a good part of it."""
    return token[-4:] if len(token) >= 20 else ""
