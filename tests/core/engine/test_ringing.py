"""Rings: one for each door that waits, kept while nobody answers, and bounded where nobody listens."""

import threading

import pytest

from tradewire.contract.errors import Unhonoured
from tradewire.engine import bells as ringing
from tradewire.engine.bells import Bells
from tradewire.engine.message_broker import Reach, make_broker

PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringing, "FIRST_PAUSE_S", 0.001)


def test_a_ring_that_fails_is_tried_again_and_rings_of_one_door_are_one() -> None:
    bells, rung, done = Bells(), [], threading.Event()
    failures = [ConnectionError("away")] * 3

    def send(door: str) -> None:
        if failures:
            for _ in range(5):
                bells.work("account")
            raise failures.pop()
        rung.append(door)
        if door == "last":
            done.set()

    bells.start(send)
    bells.work("account")
    while failures:
        done.wait(0.001)
    bells.work("last")
    assert done.wait(PATIENCE_S)
    bells.stop()
    assert rung == ["account", "last"]


def test_stopping_rings_what_waits_first_and_then_nothing() -> None:
    bells, rung, hold = Bells(), [], threading.Event()

    def send(door: str) -> None:
        hold.wait(PATIENCE_S)
        rung.append(door)

    bells.start(send)
    for door in ("a", "b", "c"):
        bells.work(door)
    hold.set()
    bells.stop(PATIENCE_S)
    bells.work("late")
    assert rung == ["a", "b", "c"]


def test_a_message_broker_that_hangs_holds_up_nobody_who_rings() -> None:
    bells, rung, hold = Bells(), [], threading.Event()

    def send(door: str) -> None:
        hold.wait(PATIENCE_S)
        rung.append(door)

    bells.start(send)
    for number in range(10_000):
        bells.work(str(number % 3))
        bells.route()
    assert not rung
    hold.set()
    bells.stop(PATIENCE_S)


@pytest.mark.parametrize("url", ["http://user:geheim@host", "redis://:geheim@host:port/0", "geheim"])
def test_a_url_that_names_no_message_broker_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Unhonoured) as refused:
        make_broker(url, Reach())
    assert "redis://:password@host:6379/0" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("url", ["redis://h:1/0", "valkey://h:1/0", "rediss://h:1", "amqp://u:p@h:1/v"])
def test_a_message_broker_that_is_away_is_no_reason_not_to_start(url: str) -> None:
    assert make_broker(url, Reach()).middleware == []


def test_what_began_before_it_was_lost_does_not_show_that_it_is_back() -> None:
    reach = Reach()
    began = reach.losses
    reach.lost(ConnectionError("gone"))
    reach.regained(began)
    assert reach.lost_for == "ConnectionError: gone"
    reach.regained(reach.losses)
    assert reach.lost_for is None
