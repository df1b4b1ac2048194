from collections import Counter
from datetime import UTC, datetime

import pytest

from tradewire import KeyState
from tradewire.security import keyring as keyring_module
from tradewire.security import keys
from tradewire.security.keyring import KeyRow, KeyTable
from tradewire.security.sealing import Secrets

SECRETS = Secrets.new()
KNOWN, REVOKED, STRANGE = keys.new_key(), keys.new_key(), keys.new_key()
REVOKED_AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
ROWS = (
    KeyRow(key_id="1", connection="main", provider="tradingview", digest=SECRETS.digest(KNOWN)),
    KeyRow(
        key_id="2",
        connection="old",
        provider="tradingview",
        digest=SECRETS.digest(REVOKED),
        revoked_at=REVOKED_AT,
    ),
)


@pytest.fixture
def table() -> KeyTable:
    return KeyTable(SECRETS.digest, ROWS)


def test_a_known_key_names_its_connection(table: KeyTable) -> None:
    status = table.look_up(KNOWN)
    assert (status.state, status.key_id, status.connection, status.provider) == (
        KeyState.VALID,
        "1",
        "main",
        "tradingview",
    )


def test_a_revoked_key_says_when(table: KeyTable) -> None:
    status = table.look_up(REVOKED)
    assert (status.state, status.revoked_at) == (KeyState.REVOKED, REVOKED_AT)


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (STRANGE, KeyState.UNKNOWN),
        (KNOWN[:20] + ("A" if KNOWN[20] != "A" else "B") + KNOWN[21:], KeyState.BAD_CHECKSUM),
        (KNOWN + " ", KeyState.MALFORMED),
        (KNOWN[:-1], KeyState.MALFORMED),
        ("", KeyState.MALFORMED),
        ("\ud800", KeyState.MALFORMED),
    ],
)
def test_any_other_key_is_told_apart(table: KeyTable, key: str, state: KeyState) -> None:
    assert table.look_up(key).state is state


def test_replaced_rows_hold_for_the_next_look_up(table: KeyTable) -> None:
    table.replace([])
    assert table.look_up(KNOWN).state is KeyState.UNKNOWN


def test_known_revoked_and_unknown_keys_cost_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    work: Counter[str] = Counter()

    def digest(key: str) -> str:
        work["digest"] += 1
        return SECRETS.digest(key)

    def same(first: str, second: str) -> bool:
        work["compare"] += 1
        return first == second

    monkeypatch.setattr(keyring_module, "same", same)
    table = KeyTable(digest, ROWS)
    for asked, key in enumerate((KNOWN, REVOKED, STRANGE), start=1):
        table.look_up(key)
        assert work == {"digest": asked, "compare": asked}
