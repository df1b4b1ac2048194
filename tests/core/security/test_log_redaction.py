import json
from collections.abc import Mapping

import pytest
import structlog

from tradewire import AccountConfig, AccountMode
from tradewire.security import keys, passwords, tokens
from tradewire.security.redaction import redact_secrets, redact_text
from tradewire.security.sealing import Secrets

KEY = keys.new_key()


def logged(event: dict[str, object]) -> Mapping[str, object]:
    return redact_secrets(None, "info", event)


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "secret", "token", "Authorization", "credentials"]
)
def test_a_field_with_a_secrets_name_is_masked(name: str) -> None:
    assert logged({name: "hunter2hunter2"}) == {name: "…"}


def test_a_key_in_any_field_is_shortened() -> None:
    assert logged({"event": f"refused {KEY}", "raw": KEY.encode()}) == {
        "event": f"refused tw_live_…{KEY[-4:]}",
        "raw": f"tw_live_…{KEY[-4:]}",
    }


def test_secrets_are_masked_at_every_depth() -> None:
    event = logged({"request": {"headers": [{"authorization": "x" * 20}], "body": (KEY,), KEY: 1}})
    text = json.dumps(event)
    assert KEY not in text
    assert "xxxx" not in text


def test_a_structs_credentials_are_masked() -> None:
    config = AccountConfig(
        id="a", name="n", mode=AccountMode.LIVE, currency="USD", config={}, credentials={"pin": "424242"}
    )
    assert "424242" not in json.dumps(logged({"account": config}))


def test_an_exception_in_a_field_is_shown_without_its_secret() -> None:
    assert logged({"error": ValueError(f"bad {KEY}")}) == {"error": f"bad tw_live_…{KEY[-4:]}"}


@pytest.mark.parametrize(
    "secret",
    [
        tokens.new_token(),
        passwords.hash_password("correct horse battery"),
        Secrets.new().seal(b"x").decode(),
    ],
)
def test_a_secret_inside_a_text_is_masked(secret: str) -> None:
    assert secret not in redact_text(f"before {secret} after")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("password=hunter2 user=me", "password=… user=me"),
        ('{"password": "hunter two", "a": 1}', '{"password": …, "a": 1}'),
        ("Authorization: Bearer abcdefghij", "Authorization: Bearer …"),
        ("redis://me:hunter2@host/0", "redis://me:…@host/0"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("12 signals accepted", "12 signals accepted"),
    ],
)
def test_a_text_is_redacted_where_it_holds_a_secret(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted


def test_numbers_and_nothing_stay_what_they_are() -> None:
    event = {"count": 3, "ratio": 0.5, "ok": True, "none": None}
    assert logged(dict(event)) == event


def test_it_is_a_structlog_processor() -> None:
    captured: list[str] = []

    class Sink:
        def msg(self, message: str) -> None:
            captured.append(message)

        info = msg

    logger = structlog.wrap_logger(
        Sink(),
        processors=[
            structlog.processors.format_exc_info,
            redact_secrets,
            structlog.processors.JSONRenderer(),
        ],
    )
    try:
        raise ValueError(KEY)
    except ValueError:
        logger.info("failed", exc_info=True)
    assert KEY not in captured[0]
    assert "ValueError" in captured[0]


@pytest.mark.parametrize("told", ["POST {} HTTP/1.1", "https://relay.example{}?x=1", "path='{}'"])
def test_what_stands_in_an_addresss_place_for_a_key_is_masked(told: str) -> None:
    address = "/api/traderspost/webhook/6de6c4a446497f11debba25b90e90462/s1"
    assert redact_text(told.format(address)) == told.format("/api/traderspost/webhook/…/s1")


def test_a_key_in_an_address_keeps_its_last_characters() -> None:
    assert redact_text(f"/api/traderspost/webhook/{KEY}/s1") == (
        f"/api/traderspost/webhook/tw_live_…{KEY[-4:]}/s1"
    )


@pytest.mark.parametrize(
    "address", ["/api/tradingview/webhook", "/api/traderspost/webhook/{key}/{strategyId}"]
)
def test_an_address_without_a_key_stays_as_it_is(address: str) -> None:
    assert redact_text(f"Post to {address}.") == f"Post to {address}."
