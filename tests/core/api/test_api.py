"""The API's promises: tokens and scopes, one shape of refusal, numbers as text, pages, the document."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core.api.conftest import Client
from core.services.conftest import ALGORITHM
from core.services.history import FILLED, live_through
from starting_points import ON_SQLITE
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.schema import algorithms
from tradewire.testing.clock import FakeClock


@pytest.fixture
def history(store: Store, clock: FakeClock, paper: str, breakout: str) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))


GETS = [
    "/status",
    "/signals",
    f"/signals/{FILLED}",
    "/refused",
    "/orders",
    "/fills",
    "/positions",
    "/keys",
    "/password",
    "/tokens",
    "/accounts",
    "/accounts/paper",
    "/brokers",
    "/algorithms",
    "/algorithms/breakout",
    "/switches",
    "/plugins",
    "/audit/export",
]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("path", GETS)
def test_every_page_answers_without_an_engine(path: str, api: Client) -> None:
    assert api("GET", path).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("token", [None, "", "wrong", "tw_api_" + "a" * 38])
def test_without_a_known_token_nothing_is_told(token: str | None, api: Client) -> None:
    api.token = token
    for path in GETS:
        answer = api("GET", path)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
    assert api("POST", "/halt", json={"reason": "x"}).status_code == 401


def test_a_reading_token_may_look_and_verify_but_change_nothing(api: Client) -> None:
    secret = api("POST", "/tokens", json={"name": "viewer"}).json()["secret"]
    api.token = secret
    assert api("GET", "/status").status_code == 200
    assert api("POST", "/audit/verify", json={}).status_code == 200
    for path in ("/halt", "/keys", "/tokens", "/keys/main/reveal", "/algorithms/breakout/start"):
        refused = api("POST", path, json={"reason": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_an_owners_token_may_change_and_is_named_in_the_ledger(api: Client) -> None:
    made = api("POST", "/tokens", json={"name": "laptop", "scope": "owner"}).json()
    api.token = made["secret"]
    assert api("POST", "/halt", json={"reason": "news"}).json()["by"] == "token laptop"


def test_a_revoked_token_is_refused_at_once(api: Client) -> None:
    made = api("POST", "/tokens", json={"name": "laptop", "scope": "owner"}).json()
    assert api("POST", "/tokens/laptop/revoke").status_code == 200
    api.token = made["secret"]
    assert api("GET", "/status").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "words"),
    [
        ("POST", "/keys", {"conection": "x"}, 400, "invalid", "conection"),
        ("POST", "/keys", {"connection": 5}, 400, "invalid", "connection"),
        ("POST", "/algorithms", {"toml": "name = 1"}, 400, "invalid", "name is text in quotes"),
        ("POST", "/accounts", {"name": "x", "broker": "papr"}, 400, "invalid", "paper"),
        ("GET", "/accounts/none", None, 404, "not_found", "no account"),
        (
            "PATCH",
            "/accounts/paper",
            {"quantity_multiplier": "0"},
            400,
            "invalid",
            "above 0 and at most 1000",
        ),
        ("PATCH", "/accounts/paper", {"quantity_multiplier": "half"}, 400, "invalid", "such as 100 or 0.25"),
        ("PATCH", "/accounts/paper", {"quantity_multiplier": 2}, 400, "invalid", "quantity_multiplier"),
        ("POST", "/algorithms/none/start", None, 404, "not_found", "no algorithm"),
        ("POST", "/algorithms/breakout/stop", {}, 409, "conflict", "stopped already"),
        ("POST", "/orders/ab/resolve", {"decision": "absent"}, 503, "unavailable", "tradewire up"),
        ("POST", "/orders/ab/resolve", {"decision": "filled"}, 400, "invalid", "quantity"),
        ("GET", "/orders?limit=501", None, 400, "invalid", "500"),
        ("GET", "/orders?after=x", None, 400, "invalid", "next"),
        ("GET", "/orders?state=nonsense", None, 400, "invalid", "state"),
        ("GET", "/signals/zz", None, 400, "invalid", "zz"),
        ("GET", "/audit/export?first=0", None, 400, "invalid", "from 1"),
        ("GET", "/audit/export?first=-5", None, 400, "invalid", "from 1"),
        ("GET", f"/audit/export?last={2**63}", None, 400, "invalid", "from 1"),
        ("POST", "/audit/verify", None, 400, "invalid", "The body is missing; send a JSON object"),
        ("POST", "/algorithms", {"toml": "x = " + "[" * 3000}, 400, "invalid", "too deep"),
        ("POST", "/algorithms", {"toml": "x = " + "9" * 5000}, 400, "invalid", "digits"),
    ],
)
def test_a_refusal_is_a_sentence_and_a_code(
    method: str, path: str, body: Any, status: int, code: str, words: str, api: Client, request: Any
) -> None:
    if "breakout" in path:
        request.getfixturevalue("breakout")
    answer = api(method, path, json=body)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert words in told["error"]


def test_every_mistake_of_an_algorithm_is_listed(api: Client) -> None:
    told = api("POST", "/algorithms", json={"toml": 'name = "a"'}).json()
    assert len(told["problems"]) > 5


def test_a_body_that_is_no_json_is_a_400(api: Client) -> None:
    assert api("POST", "/keys", content=b"\xff{").status_code == 400


def test_a_body_that_is_nested_without_end_is_a_400(api: Client) -> None:
    assert api("POST", "/keys", content=b"[" * 100_000).status_code == 400


def test_a_store_that_fails_is_a_503(api: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(unit: object) -> None:
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(store, "write", full)
    answer = api("POST", "/halt", json={"reason": "x"})
    assert (answer.status_code, answer.json()["error"]) == (503, "The disk is full.")


@pytest.mark.usefixtures("history")
def test_numbers_are_texts(api: Client) -> None:
    fill = api("GET", "/fills").json()["items"][0]
    assert (fill["quantity"], fill["price"]) == ("10", "187.25")


def test_small_numbers_are_written_out(api: Client, store: Store, paper: str) -> None:
    api("POST", "/algorithms", json={"toml": ALGORITHM.replace("quantity = 10\n", "quantity = 0.00000001\n")})
    assert api("GET", "/algorithms/breakout").json()["algorithm"]["quantity"] == "0.00000001"
    stored = store.read_now(lambda conn: conn.execute(select(algorithms.c.document)).scalar_one())
    assert stored.quantity == Decimal("0.00000001")


@pytest.mark.usefixtures("history")
def test_pages_are_followed_by_their_cursor(api: Client) -> None:
    seen, after = [], None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = api("GET", "/signals", params=query).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(("form", "lines"), [("jsonl", 0), ("csv", 1)])
def test_the_export_holds_every_entry(form: str, lines: int, api: Client) -> None:
    text = api("GET", f"/audit/export?form={form}").text
    entries = api("POST", "/audit/verify", json={}).json()["entries"]
    assert len(text.splitlines()) == entries + lines


def test_a_checkpoint_is_compared(api: Client, paper: str) -> None:
    kept = api("POST", "/audit/checkpoint").json()
    assert api("POST", "/audit/verify", json={"checkpoints": [kept]}).json()["ok"]
    wrong = {**kept, "hash": "0" * 64}
    assert not api("POST", "/audit/verify", json={"checkpoints": [wrong]}).json()["ok"]


def test_the_document_names_every_route_with_a_summary(api: Client) -> None:
    document = api("GET", "/openapi/openapi.json").json()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) >= 30
    assert all(one.get("summary") for one in operations)
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))


@ON_SQLITE
@pytest.mark.parametrize("page", ["", "/swagger", "/redoc", "/elements", "/rapidoc", "/scalar"])
def test_no_page_runs_a_script_of_another_site(page: str, api: Client) -> None:
    assert "<script" not in api("GET", f"/openapi{page}").text
