"""What the door answers, over a real socket and a real store."""

import msgspec
import pytest
from sqlalchemy import func, select

from core.ingress.rig import Rig, Served
from starting_points import ON_SQLITE
from tradewire.security.keys import new_key
from tradewire.store.schema import ledger_entries, refusals


def test_a_right_message_is_answered_200_and_stands_in_the_store(served: Served) -> None:
    answer = served.post(served.rig.message())
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    (row,) = served.rig.signals()
    assert (row.id, row.status, row.routed_at) == (answer.json()["id"], "accepted", None)
    assert (row.provider, row.connection, row.key_id) == ("tradingview", "desk", "key-desk")
    assert row.message.symbol == "AAPL"
    assert served.rig.rung == 1


@ON_SQLITE
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "application/octet-stream", "nonsense", ""]
)
def test_the_content_type_does_not_matter(served: Served, kind: str) -> None:
    assert served.post(served.rig.message(), Content_Type=kind).json()["status"] == "accepted"


def test_a_copy_is_answered_with_the_id_of_the_first(served: Served) -> None:
    first = served.post(served.rig.message()).json()["id"]
    assert served.post(served.rig.message()).json() == {"status": "duplicate", "of": first}
    assert served.rig.statuses() == ["accepted", "duplicate"]
    assert served.rig.signals()[1].duplicate_of == first
    assert served.rig.rung == 1


def test_a_wrong_field_is_named_and_the_message_stored_as_invalid(served: Served) -> None:
    answer = served.post(served.rig.message(qty="{{strategy.order.contracts}}"))
    (row,) = served.rig.signals()
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid"
    assert answer.json()["field"] == "qty"
    assert "{{strategy.order.contracts}}" in answer.json()["reason"]
    assert (answer.json()["id"], row.status, row.outcome) == (row.id, "invalid", "invalid")
    assert row.routed_at is not None
    assert row.reason == answer.json()["reason"]


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "reverse"},
        {"action": "target", "qty": -5},
        {"action": "add"},
        {"sentiment": "flat"},
        {"positionSize": 0},
        {"qtyType": "percent_of_equity"},
        {"extendedHours": True, "cancel": True},
    ],
)
def test_a_message_may_ask_for_whatever_the_engine_works(served: Served, fields: dict[str, object]) -> None:
    answer = served.post(served.rig.message(**fields))
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")


def test_broken_json_with_a_valid_key_is_stored_without_the_key(served: Served) -> None:
    rig = served.rig
    answer = served.post(rig.message()[:-1] + b', "comment": "say "hi""}')
    (row,) = rig.signals()
    assert (answer.status_code, answer.json()["field"], answer.json()["id"]) == (400, None, row.id)
    assert rig.key.encode() not in row.raw
    assert b'"symbol":"AAPL"' in row.raw


def test_broken_json_without_any_key_still_reads_what_is_wrong(served: Served) -> None:
    answer = served.post(b'{"symbol": AAPL}')
    assert answer.status_code == 400
    assert set(answer.json()) == {"status", "field", "reason"}
    assert [row.kind for row in served.rig.rows_of(refusals)] == ["unreadable"]


def test_an_unknown_key_is_refused_and_its_last_characters_kept(served: Served) -> None:
    wrong = new_key()
    answer = served.post(served.rig.message(apiKey=wrong))
    assert answer.status_code == 401
    assert answer.json()["status"] == "unauthorized"
    assert answer.json()["error"] == "Invalid API Key"
    assert answer.json()["kind"] == "unknown"
    (row,) = served.rig.rows_of(refusals)
    assert (row.last4, row.kind, row.source) == (wrong[-4:], "unknown", "127.0.0.1")
    assert served.rig.signals() == []


def test_a_typo_in_the_key_is_called_one(served: Served) -> None:
    key = served.rig.key
    typo = key[:-1] + ("a" if key[-1] != "a" else "b")
    assert served.post(served.rig.message(apiKey=typo)).json()["kind"] == "bad_checksum"


def test_a_missing_key_is_refused(served: Served) -> None:
    body = msgspec.json.encode({"strategyId": "s1", "symbol": "AAPL", "action": "BUY", "qty": 1})
    assert (served.post(body).status_code, served.post(body).json()["kind"]) == (401, "missing")


def test_a_revoked_key_is_refused_with_the_day(served: Served) -> None:
    served.rig.revoke("desk")
    answer = served.post(served.rig.message())
    assert (answer.status_code, answer.json()["kind"]) == (401, "revoked")
    assert "2026-03-02" in answer.json()["message"]
    assert served.rig.signals() == []


def test_a_key_revoked_since_the_door_looked_is_refused_inside_the_transaction(rig: Rig) -> None:
    rig.revoke("desk", ring_too=False)
    answer = rig.receive(rig.message())
    assert answer.status == 401
    assert rig.signals() == []
    assert [row.kind for row in rig.rows_of(refusals)] == ["revoked"]


@pytest.mark.parametrize("stray", ["{} ", " {}", "{}\n", "\t{}"])
def test_the_right_key_with_white_space_is_refused_and_stands_in_the_signal_log(
    served: Served, stray: str
) -> None:
    rig = served.rig
    answer = served.post(rig.message(apiKey=stray.format(rig.key)))
    assert answer.status_code == 401
    assert answer.json()["error"] == "Invalid API Key"
    assert "space" in answer.json()["kind"]
    (row,) = rig.signals()
    assert row.status == "invalid"
    assert row.reason.startswith("Invalid API Key: ")
    assert rig.key.encode() not in row.raw


def test_an_unknown_provider_is_named_and_a_valid_keys_message_kept(served: Served) -> None:
    answer = served.post(served.rig.message(), path="/api/tradingvew/webhook")
    assert answer.status_code == 400
    assert "tradingview" in answer.json()["reason"]
    assert served.rig.statuses() == ["invalid"]


def test_every_outcome_is_in_the_ledger(served: Served) -> None:
    for body in (served.rig.message(), served.rig.message(), served.rig.message(qty="lots")):
        served.post(body)
    kinds = [row.kind for row in served.rig.rows_of(ledger_entries)]
    assert kinds == ["signal.accepted", "signal.duplicate", "signal.invalid"]


def test_refusals_are_capped_a_day_and_the_cap_is_seen(rig: Rig) -> None:
    rig.door._turnstile._most_per_day = 3
    for _ in range(6):
        assert rig.receive(rig.message(apiKey=new_key())).status == 401
    assert [row.kind for row in rig.rows_of(refusals)] == ["unknown"] * 3 + ["capped"]
    rig.advance(86_400)
    rig.receive(rig.message(apiKey=new_key()))
    assert rig.store.read_now(lambda conn: conn.scalar(select(func.count()).select_from(refusals))) == 5
