"""What looks like no secret is masked once somebody has opened it."""

import pytest

from tradewire.security import known_secrets, redaction
from tradewire.security.known_secrets import KnownSecrets


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> KnownSecrets:
    made = KnownSecrets()
    monkeypatch.setattr(known_secrets, "known", made)
    monkeypatch.setattr(redaction, "known", made)
    return made


def test_what_was_opened_is_masked_in_every_text(known: KnownSecrets) -> None:
    known.remember(["marmalade", "42424242"])
    assert redaction.redact_text("login of marmalade/42424242 failed") == "login of …/… failed"


def test_it_is_masked_in_every_field_of_a_log_event(known: KnownSecrets) -> None:
    known.remember(["marmalade"])
    event = redaction.redact_secrets(None, "info", {"event": "x", "error": ValueError("no marmalade")})
    assert event["error"] == "no …"


def test_the_longer_one_is_masked_whole(known: KnownSecrets) -> None:
    known.remember(["marmalade", "marmalade and toast"])
    assert known.mask("marmalade and toast") == "…"


def test_a_short_one_would_be_found_in_ordinary_words(known: KnownSecrets) -> None:
    known.remember(["", "a", "1234"])
    assert known.mask("a 1234") == "a 1234"


def test_the_password_of_a_url_is_masked_however_it_is_written(known: KnownSecrets) -> None:
    known.remember_url("postgresql://me:p%40ss%2Fword@host:5432/db")
    known.remember_url(None)
    known.remember_url("redis://[half")
    known.remember_url("redis://host/0")
    assert known.mask("p@ss/word p%40ss%2Fword") == "… …"
