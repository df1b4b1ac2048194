"""No full key in any answer, row, ledger entry, metric or log record, whatever way it came in."""

import logging

import msgspec
import pytest
from sqlalchemy import select

from core.ingress.rig import Rig, Served
from tradewire.contract.authenticator import Attempt, Authenticator, Caller, KeyRing
from tradewire.contract.provider import Parsed, Provider
from tradewire.security.keys import new_key
from tradewire.store.schema import dedupe, ledger_entries, refusals, signals


class Telltale(Authenticator):
    name = "telltale"

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | None:
        raise ValueError(f"cannot look up {attempt.key}")


class Careless(Provider):
    name = "careless"

    def parse(self, body: bytes, path: object) -> Parsed:
        raise ValueError(body.decode())


class CarelessAddress(Provider):
    name = "careless_address"
    address = ("key", "strategyId")

    def parse(self, body: bytes, path: object) -> Parsed:
        raise ValueError(f"{path} with {body!r}")


def ways(rig: Rig, key: str) -> list[tuple[str, bytes]]:
    here, careless = "/api/tradingview/webhook", "/api/careless/webhook"
    there, address = "/api/traderspost/webhook", f"/api/careless_address/webhook/{key}/s1"
    encoded = "".join(f"%{ord(character):02X}" for character in key)
    buy = b'{"ticker": "AAPL", "action": "buy"}'
    message = rig.message(apiKey=key)
    return [
        (here, message),
        (here, message),
        (here, rig.message(apiKey=key + " ")),
        (here, rig.message(apiKey="\n" + key)),
        (here, rig.message(apiKey=key[:20] + "\n" + key[20:])),
        (here, rig.message(apiKey=key[:20] + "\n" + key[20:]).replace(b"\\n", b"\n")),
        (here, rig.message(apiKey=key, symbol=key)),
        (here, rig.message(apiKey=key, strategyId=key, comment=f"use {key}")),
        (here, rig.message(apiKey=key, id=key)),
        (here, rig.message(apiKey=key, action=key)),
        (here, rig.message(apiKey=key, qty=key)),
        (here, msgspec.json.encode({key: key, "apiKey": key})),
        (here, message[:-1]),
        (here, message * 2),
        (here, key.encode()),
        (here, b"x" * 100 + key.encode() + b"x" * 70_000),
        (f"{here}/{key}/s1", message),
        (f"/api/{key}/webhook", message),
        (careless, message),
        (f"{there}/{key}/s1", buy),
        (f"{there}/{key}/s1?key={key}", buy),
        (f"{there}/{encoded}/s1", buy),
        (f"{there}/{key}%20/s1", buy),
        (f"{there}/{key}/{key}", buy),
        (f"{there}/s1/{key}", buy),
        (f"{there}/{key}/s1", buy[:-1]),
        (f"{there}/{key}/s1", message),
        (f"{there}/{key}/s1", b"x" * 70_000),
        (f"{there}/{key}", buy),
        (f"{there}/{key}/s1/{key}", buy),
        (f"/api/none/webhook/{key}/s1", buy),
        (address, message),
        ("/api/nothing", message),
    ]


@pytest.mark.parametrize("whose", ["valid", "valid in the address", "unknown", "revoked"])
def test_a_key_is_never_told_again(served: Served, whose: str, caplog: pytest.LogCaptureFixture) -> None:
    rig = served.rig
    key = {
        "valid": rig.key,
        "valid in the address": rig.add_key("posts", "traderspost"),
        "unknown": new_key(),
        "revoked": rig.add_key("old"),
    }[whose]
    rig.revoke("old") if whose == "revoked" else None
    rig.plugins.providers |= {"careless": Careless(), "careless_address": CarelessAddress()}
    caplog.set_level(logging.DEBUG)
    told = []
    for path, body in ways(rig, key):
        answer = served.post(body, path=path)
        assert answer.status_code < 500
        told.append(f"{answer.headers} {answer.text}")
        looked = served.client.get(path)
        told.append(f"{looked.headers} {looked.text}")
    rig.plugins.authenticators["telltale"] = Telltale()
    told.append(served.post(rig.message(apiKey=key)).text)
    told.append(served.client.get("/metrics").text)
    told += [str(record.__dict__) for record in caplog.records if not record.name.startswith("http")]
    for table in (signals, refusals, ledger_entries, dedupe):
        for row in rig.store.read_now(lambda conn, table=table: conn.execute(select(table)).all()):
            told.append(str(tuple(row)))
    halves = (key[:20], key[20:])
    for text in told:
        assert key not in text
        assert halves[1] not in text
        assert halves[0] not in text


def odd_keys(key: str) -> list[str]:
    """What is left of a key where somebody pasted too little, too much, or something else."""
    body = key.removeprefix("tw_live_")
    return [body, body[:-1], f"tw-live-{body}", f"tw_live {body}", f"{body}x", "hunter2hunter2", "s3cret"]


def odd_ways(rig: Rig, odd: str) -> list[tuple[str, bytes]]:
    """Messages that stand in the Signal Log, since a valid key is somewhere in them."""
    here, key = "/api/tradingview/webhook", rig.key.encode()
    whole = rig.message(apiKey=odd, comment="VALID")
    escaped = "".join(f"\\u{ord(character):04x}" for character in odd).encode()
    return [
        (path, body.replace(b"VALID", key))
        for path, body in [
            (here, whole),
            (here, whole.replace(b"apiKey", b" API_KEY")),
            (here, whole.replace(b"apiKey", b"\\u0061piKey")),
            (here, whole.replace(odd.encode(), escaped)),
            (here, whole[:-1]),
            (here, whole.replace(f'"{odd}"'.encode(), odd.encode())),
            (here, whole.replace(f'"{odd}"'.encode(), f"'{odd}'".encode())),
            (here, whole.replace(f'"{odd}"'.encode(), f'["{odd}"]'.encode())),
            (here, whole.replace(f'"{odd}"'.encode(), f'{{"key": "{odd}"}}'.encode())),
            (here, b'{"comment": "VALID", "apiKey": "' + odd.encode()),
            (f"{here}/{rig.key}", rig.message(apiKey=odd)),
            ("/api/careless/webhook", whole),
            ("/api/tradingview/webhook", rig.message(apiKey=odd)),
        ]
    ]


@pytest.mark.parametrize("number", range(7))
def test_what_stands_in_the_keys_field_is_never_told_again_whatever_it_looks_like(
    served: Served, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    rig = served.rig
    odd = odd_keys(rig.key)[number]
    rig.plugins.providers |= {"careless": Careless()}
    caplog.set_level(logging.DEBUG)
    for path, body in odd_ways(rig, odd):
        assert served.post(body, path=path).status_code in (400, 401, 404, 503)
    if len(odd) > 7:
        rig.plugins.authenticators["telltale"] = Telltale()
        assert served.post(rig.message(apiKey=odd)).status_code == 503
    stored = rig.store.read_now(lambda conn: conn.execute(select(signals)).all())
    assert len(stored) >= 10
    told = [str(record.__dict__) for record in caplog.records if not record.name.startswith("http")]
    for table in (signals, refusals, ledger_entries, dedupe):
        for row in rig.store.read_now(lambda conn, table=table: conn.execute(select(table)).all()):
            told.append(str(tuple(row)))
    for text in told:
        assert odd not in text
        assert odd[:30] not in text
