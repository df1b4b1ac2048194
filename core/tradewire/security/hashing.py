"""Keyed hashes: what is stored of a key, so that a stolen database cannot be searched for it."""

import hashlib
import hmac


def key_digest(key: str, pepper: bytes) -> str:
    """HMAC-SHA-256 of `key` under `pepper`, as 64 lower-case hex characters."""
    return hmac.new(pepper, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def same(first: str, second: str) -> bool:
    """Whether two digests are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(first.encode(), second.encode())
