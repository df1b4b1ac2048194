"""Accounts and algorithms are changed and removed over HTTP."""

import pytest

from core.api.conftest import Client
from core.services.conftest import ALGORITHM


@pytest.mark.usefixtures("paper")
def test_an_account_is_changed_and_removed(api: Client) -> None:
    changed = api("PATCH", "/accounts/paper", json={"config": {"seed": "7"}, "quantity_multiplier": "2"})
    assert (changed.status_code, changed.json()["config"]) == (200, {"seed": "7"})
    assert changed.json()["quantity_multiplier"] == "2"
    unknown = api("PATCH", "/accounts/paper", json={"multiplier": "2"})
    assert (unknown.status_code, "multiplier" in unknown.json()["error"]) == (400, True)
    assert api("DELETE", "/accounts/paper").status_code == 200
    assert api("GET", "/accounts").json() == []


@pytest.mark.usefixtures("breakout")
def test_an_algorithm_is_replaced_and_removed(api: Client) -> None:
    replaced = api("PUT", "/algorithms", json={"toml": ALGORITHM.replace('"AAPL"', '"MSFT"')})
    assert (replaced.status_code, replaced.json()["algorithm"]["symbol"]) == (200, "MSFT")
    assert api("DELETE", "/accounts/paper").status_code == 409
    assert api("DELETE", "/algorithms/breakout").status_code == 200
    assert api("DELETE", "/algorithms/breakout").status_code == 404


@pytest.mark.usefixtures("breakout")
def test_a_token_that_may_only_look_changes_nothing(api: Client) -> None:
    api.token = api("POST", "/tokens", json={"name": "look"}).json()["secret"]
    for method, path in (
        ("PATCH", "/accounts/paper"),
        ("DELETE", "/accounts/paper"),
        ("PUT", "/algorithms"),
        ("DELETE", "/algorithms/breakout"),
    ):
        assert api(method, path, json={}).status_code == 403
