"""Fault 34: the engine's loop stands still; health, on the HTTP loop, says so, and another takes over."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import plain_http
from faults import standing_still
from faults.fleet_stage import Member, exported_by
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from integration.fleet import Fleet, fleet, until
from integration.relay import Relay, running
from plugins.brokers.paper.process import VenueProcess
from servers.valkey import Valkey
from tradewire.runtime import health


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Relay]:
    with running(tmp_path / "data", TRADEWIRE_ENGINE__SWEEP_S="0.1") as relay:
        yield relay


def test_34_health_is_503_while_the_engines_loop_is_blocked_and_webhooks_are_answered(
    embedded: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_WAIT_S", 0.5)
    embedded.key = embedded.do(embedded.core.services.keys.create("main", "tradingview", "test")).secret
    embedded.add_account("paper", starting_cash="100000000")
    embedded.add_algorithm("s")
    released = threading.Event()

    async def blocks() -> None:
        # On purpose what no coroutine may do.
        released.wait()

    embedded.core.engine.desk.loop_task(blocks())
    embedded.wait_until(lambda: status(embedded) == 503)
    answer = embedded.post("s", symbol="AAPL", action="buy", qty=1)
    assert answer.json()["status"] == "accepted"
    released.set()
    embedded.wait_until(lambda: status(embedded) == 200)
    embedded.settled()


def status(relay: Relay) -> int:
    return plain_http.get(f"{relay.url}/health").status_code


@pytest.fixture
def many(tmp_path: Path, postgres_url: str, valkey: Valkey, venue: VenueProcess) -> Iterator[Fleet]:
    """The account "a" trades at the venue; no process runs yet."""
    valkey.flush()
    with fleet(tmp_path / "fleet", postgres_url, valkey.url) as made:
        made.prepare("a", url=venue.url, timeout_s="1")
        yield made


def test_34_a_worker_that_stands_still_says_so_and_loses_its_account_to_another(
    many: Fleet, nursery: Nursery, venue: VenueProcess, tmp_path: Path
) -> None:
    still = tmp_path / "still"
    blocked = Member("w1", nursery, many, tmp_path / "hits", **{standing_still.VARIABLE: str(still)})
    blocked.start()
    assert blocked.ready(), blocked.said()
    until(lambda: many.owners() == {"a": "w1"}, blocked.said)
    door = many.serve()
    many.accepted(door, "a", action="buy", qty=1)
    many.settled()

    still.touch()
    until(lambda: plain_http.get(f"{blocked.url}/health").status_code == 503, blocked.said)
    many.worker("w2")
    until(lambda: many.owners() == {"a": "w2"}, blocked.said)
    many.accepted(door, "a", action="buy", qty=2)
    many.settled()

    still.unlink()
    until(lambda: plain_http.get(f"{blocked.url}/health").status_code == 200, blocked.said)
    many.accepted(door, "a", action="buy", qty=4)
    many.settled()
    assert many.owners() == {"a": "w2"}
    blocked.kill()
    report = judged(exported_by(many), book_of(venue))
    assert report.ok, told(report)
    assert report.orders == 3
