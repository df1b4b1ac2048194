"""A format whose key and strategy stand in the address: who sent it, what is odd, what is a copy."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingress.rig import Rig, Served
from starting_points import ON_SQLITE
from tradewire.ingress.address import split
from tradewire.security.keys import new_key
from tradewire.security.lockout import TRIES
from tradewire.store.schema import refusals

HERE = "/api/traderspost/webhook"
BUY = b'{"ticker": "AAPL", "action": "buy", "quantity": 1}'


@pytest.fixture
def key(rig: Rig) -> str:
    return rig.add_key("posts", "traderspost")


def test_the_addresss_key_lets_a_message_in(served: Served, key: str) -> None:
    answer = served.post(BUY, path=f"{HERE}/{key}/s1")
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    (row,) = served.rig.signals()
    assert (row.provider, row.connection, row.key_id) == ("traderspost", "posts", "key-posts")
    assert (row.strategy_id, row.message.strategy_id, row.message.symbol) == ("s1", "s1", "AAPL")
    assert row.raw == BUY


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("my%20strategy", "my strategy"),
        ("a%2Fb", "a/b"),
        ("%E2%82%AC", "€"),
        ("100%25", "100%"),
        ("a+b", "a+b"),
        ("a%252Fb", "a%2Fb"),
    ],
)
def test_a_strategy_in_the_address_is_decoded_once(
    served: Served, key: str, written: str, meant: str
) -> None:
    served.post(BUY, path=f"{HERE}/{key}/{written}")
    assert [row.strategy_id for row in served.rig.signals()] == [meant]


def test_an_encoded_key_is_the_key(served: Served, key: str) -> None:
    path = f"{HERE}/{key.replace('_', '%5F')}/s1/"
    assert served.post(BUY, path=path).json()["status"] == "accepted"


def test_only_the_addresss_key_lets_in(served: Served, key: str) -> None:
    body = json.dumps({"ticker": "AAPL", "action": "buy", "extras": {"apiKey": key}}).encode()
    for wrong in (new_key(), "posts", served.rig.key):
        answer = served.post(body, path=f"{HERE}/{wrong}/s1")
        assert answer.status_code == 401
    assert "accepted" not in served.rig.statuses()


def test_a_key_in_the_query_is_none(served: Served, key: str) -> None:
    answer = served.post(BUY, path=f"{HERE}/{new_key()}/s1?key={key}&apiKey={key}")
    assert (answer.status_code, served.rig.signals()) == (401, [])
    assert served.post(BUY, path=f"{HERE}?key={key}&strategyId=s1").status_code == 404


def test_a_key_in_the_message_as_well_is_refused(served: Served, key: str) -> None:
    body = json.dumps({"ticker": "AAPL", "action": "buy", "apiKey": key}).encode()
    answer = served.post(body, path=f"{HERE}/{key}/s1")
    assert (answer.status_code, answer.json()["field"]) == (400, "apiKey")
    (row,) = served.rig.signals()
    assert (row.status, row.connection) == ("invalid", "posts")
    assert key.encode() not in row.raw


@pytest.mark.parametrize("wrong", ["unknown", "revoked", "near miss", "another provider's", "old password"])
def test_a_wrong_key_in_the_address_is_refused_with_its_kind(served: Served, key: str, wrong: str) -> None:
    rig = served.rig
    presented, kind = {
        "unknown": (new_key(), "unknown"),
        "revoked": (key, "revoked"),
        "near miss": (key[:-1] + ("a" if key[-1] != "a" else "b"), "bad_checksum"),
        "another provider's": (rig.key, "wrong_provider"),
        "old password": ("6de6c4a446497f11debba25b90e90462", "malformed"),
    }[wrong]
    if wrong == "revoked":
        rig.revoke("posts")
    answer = served.post(BUY, path=f"{HERE}/{presented}/s1")
    assert (answer.status_code, answer.json()["kind"]) == (401, kind)
    assert presented not in answer.text
    if wrong == "another provider's":
        assert rig.statuses() == ["invalid"]
    else:
        (row,) = rig.rows_of(refusals)
        assert (row.kind, row.last4, row.provider) == (kind, presented[-4:], "traderspost")


@pytest.mark.parametrize("body", [BUY, b"not json"])
def test_a_wrong_key_in_the_address_is_locked_out_for_its_sender_alone(
    rig: Rig, key: str, body: bytes
) -> None:
    wrong = new_key()
    answers = [rig.receive(body, provider="traderspost", path=(wrong, "s1")).body for _ in range(TRIES + 2)]
    assert [getattr(answer, "kind", "") for answer in answers[-2:]] == ["locked"] * 2
    right = rig.receive(BUY, provider="traderspost", path=(key, "s1"))
    assert right.kind == "accepted"
    elsewhere = rig.receive(BUY, provider="traderspost", path=(wrong, "s1"), source="198.51.100.9")
    assert getattr(elsewhere.body, "kind", "") == "unknown"


def test_a_broken_message_with_the_addresss_key_stands_in_the_signal_log(served: Served, key: str) -> None:
    answer = served.post(b'{"ticker": AAPL}', path=f"{HERE}/{key}/s1")
    (row,) = served.rig.signals()
    assert (answer.status_code, answer.json()["id"], row.connection) == (400, row.id, "posts")


ODD = [
    ("", "{key} and {strategyId} are missing"),
    ("/", "{key} and {strategyId} are missing"),
    ("/@KEY@", "{strategyId} is missing"),
    ("/@KEY@/", "{strategyId} is missing"),
    ("//@KEY@//", "{strategyId} is missing"),
    ("/@KEY@/s1/s2", "more parts than that"),
    ("/@KEY@/s1/webhook/s2", "more parts than that"),
]


@pytest.mark.parametrize(("tail", "words"), ODD)
def test_an_odd_address_is_a_404_in_words_without_the_key(
    served: Served, key: str, tail: str, words: str
) -> None:
    answer = served.post(BUY, path=HERE + tail.replace("@KEY@", key))
    told = answer.json()
    assert (answer.status_code, told["status"], told["kind"]) == (404, "refused", "path")
    assert words in told["reason"]
    assert "/api/traderspost/webhook/{key}/{strategyId}" in told["reason"]
    assert key not in answer.text
    if "@KEY@" in tail:
        assert [(row.id, row.status) for row in served.rig.signals()] == [(told["id"], "invalid")]
    else:
        assert [row.kind for row in served.rig.rows_of(refusals)] == ["path"]


def test_nothing_belongs_behind_the_address_of_another_format(served: Served) -> None:
    answer = served.post(served.rig.message(), path=f"/api/tradingview/webhook/{served.rig.key}")
    assert (answer.status_code, "nothing belongs behind it" in answer.text) == (404, True)
    assert served.post(served.rig.message(), path="/api/tradingview/webhook/").status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("tail", ["", "/@KEY@", "/@KEY@/s1", "/@KEY@/s1/s2"])
def test_every_other_method_is_a_405_that_tells_nothing(
    served: Served, key: str, method: str, tail: str
) -> None:
    answer = served.client.request(method, HERE + tail.replace("@KEY@", key))
    assert answer.status_code == 405
    assert key not in answer.text + str(answer.headers)
    assert method == "HEAD" or "POST" in answer.json()["error"]


def test_the_same_message_to_two_strategies_is_two_signals(rig: Rig, key: str) -> None:
    kinds = [
        rig.receive(BUY, provider="traderspost", path=(key, strategy)).kind for strategy in ("s1", "s2", "s1")
    ]
    assert kinds == ["accepted", "accepted", "duplicate"]


def test_the_same_message_by_two_connections_is_two_signals(rig: Rig, key: str) -> None:
    other = rig.add_key("others", "traderspost")
    kinds = [rig.receive(BUY, provider="traderspost", path=(one, "s1")).kind for one in (key, other, key)]
    assert kinds == ["accepted", "accepted", "duplicate"]


def test_a_copy_with_a_new_key_in_the_address_is_a_copy(rig: Rig, key: str) -> None:
    assert rig.receive(BUY, provider="traderspost", path=(key, "s1")).kind == "accepted"
    again = rig.replace_key("posts", "traderspost")
    assert rig.receive(BUY, provider="traderspost", path=(again, "s1")).kind == "duplicate"


@pytest.mark.parametrize(
    ("field", "value"),
    [("sentiment", "flat"), ("quantityType", "dollar_amount"), ("cancel", True), ("extendedHours", True)],
)
def test_a_message_that_differs_in_one_field_is_no_copy(
    rig: Rig, key: str, field: str, value: object
) -> None:
    plain = {"ticker": "AAPL", "action": "buy", "quantity": 1}
    first = rig.receive(json.dumps(plain).encode(), provider="traderspost", path=(key, "s1"))
    second = rig.receive(
        json.dumps(plain | {field: value}).encode(), provider="traderspost", path=(key, "s1")
    )
    assert (first.kind, second.kind == "duplicate") == ("accepted", False)


def test_the_parts_of_a_path_are_split_before_they_are_decoded() -> None:
    assert split(b"/api/x/webhook/a%2Fb//%41/%FF/%zz/") == ("api", "x", "webhook", "a/b", "A", "�", "%zz")


ANY_PART = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["..", ".", "webhook", "%", "%2e%2e", "\x00", "tw_live_", "/", "{key}"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(ANY_PART, max_size=4), body=st.binary(max_size=80) | st.just(BUY), with_key=st.booleans()
)
def test_any_address_and_any_body_are_answered_and_never_by_a_500(
    served: Served, key: str, parts: list[str], body: bytes, with_key: bool
) -> None:
    tail = [key, *parts] if with_key else parts
    path = HERE + "".join("/" + quote(part, safe="") for part in tail)
    answer = served.post(body, path=path)
    assert answer.status_code < 500
    assert key not in answer.text
