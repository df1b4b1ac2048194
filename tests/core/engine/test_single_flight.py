"""One run at a time per key, and none that was asked for is left out."""

import threading

import pytest

from tradewire.engine.single_flight import SingleFlight


def test_whoever_asks_meanwhile_makes_it_run_once_more() -> None:
    flight, runs = SingleFlight(), []

    def job() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            flight.run("a", job)
            flight.run("a", job)

    flight.run("a", job)
    assert runs == [0, 1]


def test_a_run_that_raises_does_not_swallow_the_one_that_was_asked_for_meanwhile() -> None:
    flight, runs = SingleFlight(), []

    def job() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            flight.run("a", job)
            raise ValueError("the first one failed")

    with pytest.raises(ValueError, match="the first one failed"):
        flight.run("a", job)
    assert runs == [0, 1]
    flight.run("a", lambda: runs.append(2))
    assert runs == [0, 1, 2]


def test_keys_do_not_wait_for_each_other() -> None:
    flight, inside, done = SingleFlight(), threading.Event(), threading.Event()

    def held() -> None:
        inside.set()
        done.wait()

    first = threading.Thread(target=flight.run, args=("a", held))
    first.start()
    inside.wait()
    ran: list[str] = []
    flight.run("b", lambda: ran.append("b"))
    done.set()
    first.join()
    assert ran == ["b"]


class Waited(threading.Event):
    """Notes for how long it was waited for, instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


def test_a_run_that_asks_for_rest_gets_it_before_the_next_one_of_its_key() -> None:
    stopping = Waited()
    rests = stopping.seconds
    flight = SingleFlight(stopping)
    flight.run("a", lambda: 1000.0)
    flight.run("b", lambda: None)
    assert rests == []
    flight.run("a", lambda: None)
    assert len(rests) == 1
    assert 900 < rests[0] <= 1000


def test_what_ends_the_thread_of_a_run_does_not_keep_the_next_one_from_running() -> None:
    flight, runs = SingleFlight(), []

    def end() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        flight.run("a", end)
    flight.run("a", lambda: runs.append(1))
    assert runs == [1]


def test_who_stops_ends_the_rest() -> None:
    stopping, runs = threading.Event(), []
    flight = SingleFlight(stopping)
    flight.run("a", lambda: 1000.0)
    next_one = threading.Thread(target=flight.run, args=("a", lambda: runs.append(1)), daemon=True)
    next_one.start()
    stopping.set()
    next_one.join(timeout=30)
    assert runs == [1]
