"""Passwords: argon2id with OWASP's minimum of 19 MiB and 2 passes."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19 * 1024
PASSES = 2
MIN_LENGTH = 10
MAX_LENGTH = 1024


def hash_password(password: str) -> str:
    """The argon2id hash in its own text form, with a salt of its own."""
    return _hasher().hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `password` is the one that `stored` was made from.

    With None (no such user) the same work is done, so that the time does not tell who exists.
    """
    known = stored is not None
    try:
        _hasher().verify(stored if stored is not None else _nobody(), password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return known and len(password) <= MAX_LENGTH


def problem_with(password: str) -> str | None:
    """Why a password is not taken, as a sentence; None when it is."""
    if len(password) < MIN_LENGTH:
        return f"A password needs at least {MIN_LENGTH} characters."
    if len(password) > MAX_LENGTH:
        return f"A password has at most {MAX_LENGTH} characters."
    return None


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobody() -> str:
    return _hasher().hash("nobody's password")
