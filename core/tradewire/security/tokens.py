"""API tokens: `tw_api_` + 32 base62 characters + 6 of checksum, for `/api/v1`."""

from tradewire.security import checked_token

PREFIX = "tw_api_"


def new_token() -> str:
    """A new API token."""
    return checked_token.new(PREFIX)


def has_valid_checksum(token: str) -> bool:
    """Whether `token` is a well-formed API token; a typo is refused without a look-up."""
    return checked_token.has_valid_checksum(PREFIX, token)


def last4(token: str) -> str:
    """The last 4 characters of a token; empty for something too short to be one."""
    return checked_token.last4(token)
