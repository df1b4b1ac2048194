"""Who sent it: the connection's key in the message."""

from tradewire.contract.authenticator import (
    Attempt,
    Authenticator,
    Caller,
    Denied,
    KeyRing,
    KeyState,
    KeyStatus,
)
from tradewire.domain.clock import as_utc
from tradewire.security import tokens
from tradewire.security.keys import LENGTH, PREFIX, is_shaped

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_WHERE = "Copy the key again; `tradewire key reveal NAME` shows that of the connection NAME."


class ApiKeyAuthenticator(Authenticator):
    """Asks the key ring, and says of a wrong key what is wrong with it."""

    name = "api_key"

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        """The key's connection, or a denial whose message starts with "Invalid API Key"."""
        if not attempt.key or not attempt.key.strip():
            return _denied("missing", 'the message has no apiKey. Add "apiKey" with the connection\'s key.')
        status = keys.look_up(attempt.key)
        if status.state is not KeyState.VALID:
            return _refusal(attempt.key, status)
        if status.key_id is None or status.connection is None:
            return _denied("unknown", f"this key belongs to no connection. {_WHERE}")
        if status.provider is not None and status.provider != attempt.provider:
            return _denied(
                "wrong_provider",
                f"this key belongs to a {status.provider} connection, but the message came in at "
                f"{attempt.provider}'s address. Use that connection's URL, or a key of {attempt.provider}.",
            )
        return Caller(connection=status.connection, key_id=status.key_id)


def _refusal(key: str, status: KeyStatus) -> Denied:
    if is_shaped(_without_white_space(key)) and _without_white_space(key) != key:
        return _denied(
            "white_space",
            f"the key has a {_where(key)} space or line break. Remove it from the alert's message.",
        )
    if status.state is KeyState.REVOKED and status.revoked_at is not None:
        day = as_utc(status.revoked_at).date().isoformat()
        return _denied(
            "revoked", f"this key was revoked on {day}. Put the connection's new key in the alert."
        )
    if status.state is KeyState.REVOKED:
        return _denied("revoked", "this key was revoked. Put the connection's new key in the alert.")
    if status.state is KeyState.BAD_CHECKSUM:
        return _denied("bad_checksum", f"a character is wrong or missing. {_WHERE}")
    if status.state is KeyState.MALFORMED:
        return _denied("malformed", f"{_what_is_malformed(key)} {_WHERE}")
    return _denied("unknown", f"no connection has this key. {_WHERE}")


def _what_is_malformed(key: str) -> str:
    if "…" in key or "..." in key:
        return "this is the shortened form that lists show, not the key itself."
    if key.startswith(tokens.PREFIX):
        return f"this is an API token ({tokens.PREFIX}…); the webhook needs a key ({PREFIX}…)."
    if not key.startswith(PREFIX):
        return f"a key starts with {PREFIX}, and this one does not."
    if len(key) != LENGTH:
        return f"it has {len(key)} characters instead of {LENGTH}, so a character is missing or one too many."
    return "a character is wrong: a key holds only letters and digits after its prefix."


def _where(key: str) -> str:
    bare = _without_white_space(key)
    if key.startswith(bare):
        return "trailing"
    return "leading" if key.endswith(bare) else "misplaced"


def _without_white_space(key: str) -> str:
    return "".join(key.translate(_INVISIBLE).split())


def _denied(kind: str, sentence: str) -> Denied:
    return Denied(kind=kind, message=f"Invalid API Key: {sentence}")
