"""All examples in one environment, and one signal through every one of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from examples.cases import ALGORITHM, CASES
from examples.environment import Environment, Tradewire

pytestmark = pytest.mark.timeout(300)

SETTINGS = """
[plugins.settings.source_network]
cron = ["127.0.0.0/8"]

[plugins.settings.symbol_map]
BTCUSD = "ETHUSD"
"""
MORE = """
[pipeline]
match = ["wildcard"]
override = ["symbol_map"]

[guardians.event_pause]
events = [2020-01-01T00:00:00Z]

[guardians.my_plugin]
most = 50
"""


@pytest.fixture(scope="module")
def installed(
    wheels: Mapping[str, Path],
    tradewire: Environment,
    linked: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tradewire]:
    folder = tmp_path_factory.mktemp("together")
    environment = Environment(folder / "venv", beside=[tradewire.packages, linked])
    environment.install(*wheels.values())
    (folder / "prices.csv").write_text("ETHUSD,3000,crypto,USD,0.0001\n", encoding="utf-8")
    running = Tradewire(environment, folder / "data")
    running.configure(SETTINGS)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_one_signal_passes_all_of_them_and_its_story_names_each(installed: Tradewire) -> None:
    files = {"prices": "prices.csv", "file": "notebook.csv"}
    config = {field: str(installed.folder.parent / name) for field, name in files.items()}
    installed.call("POST", "/accounts", {"name": "book", "broker": "notebook", "config": config})
    key = installed.call("POST", "/keys", {"connection": "cron", "provider": "oneline"})["secret"]
    algorithm = ALGORITHM.format(
        account="book",
        quantity="1",
        blueprint='[blueprint]\nname = "scale_in"\nparts = 4\npause_s = 0',
        provider="oneline",
        listens="scan/*",
        more=MORE,
    )
    installed.call("POST", "/algorithms", {"toml": algorithm})
    installed.call("POST", "/algorithms/tried/start")

    answer = installed.post("oneline", f"{key} scan/gap buy 2 BTCUSD")
    story = installed.story(answer.json()["id"])
    shown = installed.command("signal", "show", answer.json()["id"], "--verdicts")[1]

    assert story["signal"]["state"] == "filled", shown
    assert {name for stage in story["stages"] for name in stage["plugins"]} >= CASES.keys()
    assert [name for name in CASES if name not in shown] == []
    written = (installed.folder.parent / "notebook.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1:6] for line in written[1:]] == [
        [str(number), "buy", "0.5", "ETHUSD", "3000"] for number in (1, 2, 3, 4)
    ]


def test_the_list_of_plugins_says_whose_each_is(installed: Tradewire) -> None:
    code, listed = installed.command("plugins")
    assert code == 0
    for case in CASES.values():
        assert f"tradewire-{case.name.replace('_', '-')} {case.version} loaded {case.adds}" in listed
