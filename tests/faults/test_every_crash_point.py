"""kill -9 at every named place: started again, everything comes to its end, once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradewire
from faults.life import Relay, set_up, until
from faults.load import Sender
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from faults.venues import outliving_venue, trouble
from plugins.brokers.paper.process import VenueProcess
from tradewire.crashpoints import POINTS

SOURCE = Path(tradewire.__file__).parent


@pytest.fixture(scope="module")
def place(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Relay, VenueProcess]]:
    """One history for all of them: what a kill left behind must not trouble the next life either."""
    folder = tmp_path_factory.mktemp("points")
    with outliving_venue(folder) as venue:
        trouble(venue)
        relay = Relay(nursery, folder / "relay")
        set_up(relay, venue)
        relay.stop()
        yield relay, venue


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_nothing_is_lost_and_nothing_doubled(
    place: tuple[Relay, VenueProcess], point: str
) -> None:
    relay, venue = place
    before = len(relay.hit())
    sender = Sender(point)
    if relay.start(crash=f"{point}:1" if point.startswith("look_up") else f"{point}:2"):
        sender.start(relay.url, relay.key)
        until(lambda: not relay.is_alive(), relay.said)
        sender.stop()
    assert relay.ended() == -9
    assert relay.hit()[before:] == [point]

    assert relay.start(), relay.said()
    sender.finish(relay.url, relay.key)
    relay.settled()
    report = judged(relay.export(), book_of(venue), sender.acknowledged)
    relay.kill()
    assert report.ok, told(report)
    assert sender.given_up == []


def calls() -> Iterator[str]:
    """Every name that the source passes."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(called, ast.Name) and called.id == "crashpoint":
                [name] = node.args
                assert isinstance(name, ast.Constant), f"{file} names no crash point in so many words"
                yield name.value


def test_every_name_in_the_source_is_registered_and_every_registered_one_is_passed() -> None:
    assert set(calls()) == set(POINTS)


def test_the_page_of_crash_points_says_what_the_table_says() -> None:
    page = (SOURCE.parents[1] / "docs/concepts/crash-points.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.+) \|$", page, re.MULTILINE)) == dict(POINTS)
