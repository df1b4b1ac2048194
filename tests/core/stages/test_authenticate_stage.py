from collections.abc import Mapping
from datetime import UTC, datetime

import pluggy
import pytest

from tradewire import Attempt, Caller, Denied, KeyState, KeyStatus, hookspecs, stages
from tradewire.security import keys, tokens
from tradewire.stages.authenticate import ApiKeyAuthenticator

KNOWN, REVOKED, STRANGE, FOREIGN = (keys.new_key() for _ in range(4))
TYPO = KNOWN[:-1] + ("A" if KNOWN[-1] != "A" else "B")
AT = datetime(2026, 3, 2, tzinfo=UTC)


class Ring:
    def __init__(self, known: Mapping[str, KeyStatus]) -> None:
        self._known = known

    def look_up(self, key: str) -> KeyStatus:
        if key in self._known:
            return self._known[key]
        if not keys.is_shaped(key):
            return KeyStatus(state=KeyState.MALFORMED)
        return KeyStatus(state=KeyState.UNKNOWN if keys.has_valid_checksum(key) else KeyState.BAD_CHECKSUM)


RING = Ring(
    {
        KNOWN: KeyStatus(state=KeyState.VALID, key_id="k1", connection="main", provider="tradingview"),
        FOREIGN: KeyStatus(state=KeyState.VALID, key_id="k2", connection="other", provider="traderspost"),
        REVOKED: KeyStatus(
            state=KeyState.REVOKED,
            key_id="k3",
            connection="main",
            provider="tradingview",
            revoked_at=datetime(2026, 2, 1, 23, 30, tzinfo=UTC),
        ),
    }
)


def answer(key: str | None) -> Caller | Denied | None:
    return ApiKeyAuthenticator().authenticate(
        Attempt(provider="tradingview", source="1.2.3.4", key=key, at=AT), RING
    )


def test_the_stages_are_registered_through_the_plugins_door() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(stages)
    manager.check_pending()
    hooks = (manager.hook.authenticate, manager.hook.match, manager.hook.override)
    found = [answer for hook in hooks for answer in hook(settings={})]
    assert [one.name for objects in found for one in objects] == ["api_key", "default", "default"]


def test_the_right_key_names_the_connection() -> None:
    assert answer(KNOWN) == Caller(connection="main", key_id="k1")


@pytest.mark.parametrize(
    ("key", "kind", "words"),
    [
        (None, "missing", "no apiKey"),
        ("", "missing", "no apiKey"),
        ("  ", "missing", "no apiKey"),
        (KNOWN + " ", "white_space", "trailing space or line break"),
        (KNOWN + "\r\n", "white_space", "trailing space or line break"),
        (STRANGE + "\n", "white_space", "trailing space or line break"),
        (" " + KNOWN, "white_space", "leading space or line break"),
        (KNOWN[:20] + "\n" + KNOWN[20:], "white_space", "misplaced space or line break"),
        ("\u200b" + KNOWN, "white_space", "leading space"),
        (KNOWN + "\u00a0", "white_space", "trailing space"),
        (TYPO, "bad_checksum", "a character is wrong or missing"),
        (REVOKED, "revoked", "revoked on 2026-02-01"),
        (STRANGE, "unknown", "no connection has this key"),
        (KNOWN[:-1], "malformed", "45 characters instead of 46"),
        (KNOWN + "x", "malformed", "47 characters instead of 46"),
        (KNOWN[:-1] + "-", "malformed", "only letters and digits"),
        ("hunter2", "malformed", "starts with tw_live_"),
        (KNOWN.upper(), "malformed", "starts with tw_live_"),
        ("tw_live_…abcd", "malformed", "shortened form"),
        (tokens.new_token(), "malformed", "an API token"),
        (FOREIGN, "wrong_provider", "belongs to a traderspost connection"),
    ],
)
def test_a_denial_says_what_is_wrong_with_the_key(key: str | None, kind: str, words: str) -> None:
    denied = answer(key)
    assert isinstance(denied, Denied)
    assert denied.kind == kind
    assert denied.message.startswith("Invalid API Key")
    assert words in denied.message


@pytest.mark.parametrize("key", [KNOWN + " ", TYPO, REVOKED, STRANGE, KNOWN[:-1], "hunter2hunter2", FOREIGN])
def test_a_denial_never_repeats_the_key(key: str) -> None:
    denied = answer(key)
    assert isinstance(denied, Denied)
    assert key.strip()[8:] not in denied.message


@pytest.mark.parametrize("provider", ["tradingview", "traderspost"])
def test_a_key_of_no_provider_in_particular_fits_all(provider: str) -> None:
    ring = Ring({KNOWN: KeyStatus(state=KeyState.VALID, key_id="k1", connection="main")})
    attempt = Attempt(provider=provider, source="1.2.3.4", key=KNOWN, at=AT)
    assert isinstance(ApiKeyAuthenticator().authenticate(attempt, ring), Caller)


def test_a_valid_status_without_a_connection_lets_nobody_in() -> None:
    attempt = Attempt(provider="tradingview", source="1.2.3.4", key=KNOWN, at=AT)
    ring = Ring({KNOWN: KeyStatus(state=KeyState.VALID)})
    assert isinstance(ApiKeyAuthenticator().authenticate(attempt, ring), Denied)
