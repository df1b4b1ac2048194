"""Webhook keys: `tw_live_` + 32 base62 characters + 6 of checksum."""

import re

from tradewire.security import checked_token
from tradewire.security.redaction import with_plain_letters

PREFIX = "tw_live_"
LENGTH = len(PREFIX) + checked_token.BODY_LENGTH

_KEY = re.compile(rb"tw_live_[0-9A-Za-z]{%d}(?![0-9A-Za-z])" % checked_token.BODY_LENGTH)


def new_key() -> str:
    """A new webhook key."""
    return checked_token.new(PREFIX)


def is_shaped(key: str) -> bool:
    """Whether `key` looks like a webhook key, whatever its checksum."""
    return checked_token.is_shaped(PREFIX, key)


def has_valid_checksum(key: str) -> bool:
    """Whether `key` is well formed; every single wrong character makes this False."""
    return checked_token.has_valid_checksum(PREFIX, key)


def last4(key: str) -> str:
    """The last 4 characters of a key; empty for something too short to be one."""
    return checked_token.last4(key)


def find_keys(raw: bytes) -> list[str]:
    """Everything in `raw` that is shaped like a key, in order and once each, also where the JSON is broken.

    The checksums are not looked at: ask `has_valid_checksum` of each.
    """
    plain = with_plain_letters(raw)
    found = _KEY.findall(raw) + ([] if plain is raw else _KEY.findall(plain))
    return list(dict.fromkeys(key.decode("ascii") for key in found))
