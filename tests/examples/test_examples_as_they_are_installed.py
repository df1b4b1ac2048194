"""Each example's wheel beside Tradewire's in a fresh environment: used, seen, and missed once it is gone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from examples.cases import CASES, Case
from examples.environment import Environment, Tradewire
from examples.shared import Shared

pytestmark = pytest.mark.timeout(300)


class Life(NamedTuple):
    """What was seen of an example while it was installed, and after."""

    case: Case
    listed: dict[str, Any]
    state: str
    shown: str
    stages: list[dict[str, Any]]
    started_anyway: str
    listed_after: dict[str, Any]
    said_after: str
    not_started: dict[str, Any]
    log: str


@pytest.fixture(scope="module", params=CASES)
def life(
    request: pytest.FixtureRequest,
    wheels: Mapping[str, Path],
    tradewire: Environment,
    linked: Path,
    shared: Shared,
) -> Life:
    case = CASES[request.param]

    def live(folder: Path) -> Life:
        distribution = f"tradewire-{case.name.replace('_', '-')}"
        environment = Environment(folder / "venv", beside=[tradewire.packages, linked])
        environment.install(wheels[distribution])
        installed = Tradewire(environment, folder / "data")
        try:
            return _lived(case, installed, environment, distribution)
        finally:
            installed.stop()

    return shared.made(case.name, live)


def _lived(case: Case, installed: Tradewire, environment: Environment, distribution: str) -> Life:
    installed.configure(case.settings)
    installed.start()
    key = _set_up(case, installed)
    answer = installed.post(case.provider, case.message(key, 1))
    assert answer.status_code == 200, answer.text
    signal = answer.json()["id"]
    story = installed.story(signal)
    shown = installed.command("signal", "show", signal)[1]
    listed = installed.call("GET", "/plugins")
    installed.stop()

    environment.uninstall(distribution)
    started_anyway = installed.command("up", "--port", "0")[1] if case.settings else ""
    installed.configure("")
    installed.start()
    listed_after = installed.call("GET", "/plugins")
    said_after = _next_signal(case, installed, key)
    installed.call("POST", "/algorithms/tried/stop", {})
    not_started = installed.http.post("/api/v1/algorithms/tried/start").json()
    return Life(
        case=case,
        listed=listed,
        state=story["signal"]["state"],
        shown=shown,
        stages=story["stages"],
        started_anyway=started_anyway,
        listed_after=listed_after,
        said_after=said_after,
        not_started=not_started,
        log=installed.log,
    )


def _set_up(case: Case, installed: Tradewire) -> str:
    """Account, connection and algorithm; returns the connection's key."""
    if case.account != "paper":
        prices, notebook = installed.folder / "prices.csv", installed.folder / "notebook.csv"
        prices.write_text("symbol,price,asset_class,currency,lot\nBTCUSD,64000,crypto,USD,0.0001\n")
        config = {"prices": str(prices), "file": str(notebook)}
        installed.call("POST", "/accounts", {"name": case.account, "broker": case.name, "config": config})
    installed.call("POST", "/algorithms", {"toml": case.algorithm})
    installed.call("POST", "/algorithms/tried/start")
    if case.provider == "tradingview":
        return installed.key
    made = installed.call("POST", "/keys", {"connection": "cron", "provider": case.provider})
    return str(made["secret"])


def _next_signal(case: Case, installed: Tradewire, key: str) -> str:
    """What is said of one more signal; where its address is gone, what the sender is told."""
    answer = installed.post(case.provider, case.message(key, 2))
    if answer.status_code != 200:
        return answer.text
    story = installed.story(answer.json()["id"], until=case.refused or "")
    return json.dumps([story["signal"]["reason"], story["stages"]])


def test_a_signal_passes_through_it(life: Life) -> None:
    assert life.state == "filled", life.shown


def test_the_signals_story_names_it(life: Life) -> None:
    assert life.case.shown in life.shown
    assert life.case.name in {name for stage in life.stages for name in stage["plugins"]}


def test_it_is_listed_with_what_it_adds(life: Life) -> None:
    (mine,) = [one for one in life.listed["items"] if one["name"] == life.case.name]
    assert (mine["state"], mine["adds"], mine["version"]) == ("loaded", [life.case.adds], life.case.version)
    assert life.listed["missing"] == []


def test_uninstalled_the_next_signal_is_refused_in_words(life: Life) -> None:
    if life.case.refused is None:
        assert life.case.name not in life.said_after
    else:
        assert life.case.refused in life.said_after


def test_uninstalled_the_algorithm_that_needs_it_does_not_start(life: Life) -> None:
    if life.case.not_started is None:
        assert life.not_started["state"] == "started"
    else:
        assert life.case.not_started in life.not_started["error"]


def test_uninstalled_it_is_listed_as_missing_with_what_needs_it(life: Life) -> None:
    if life.case.refused is None:
        assert life.listed_after["missing"] == []
    else:
        needed_by = 'account "book"' if life.case.account == "book" else 'algorithm "tried"'
        stage, _, name = life.case.adds.partition(": ")
        assert life.listed_after["missing"] == [{"stage": stage, "name": name, "needed_by": [needed_by]}]


def test_uninstalled_its_settings_keep_tradewire_from_starting_without_it(life: Life) -> None:
    if life.case.settings:
        said = f"[plugins.settings.{life.case.name}] is for a plugin that is not installed."
        assert said in life.started_anyway


def test_nobody_is_shown_a_traceback(life: Life) -> None:
    for text in (life.log, life.shown, life.started_anyway, life.said_after, str(life.not_started)):
        assert "Traceback" not in text
