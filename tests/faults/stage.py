"""Where a kill loop plays: one `tradewire up` on SQLite, with a venue that outlives it."""

import random
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faults import naive
from faults.life import Relay, set_up
from faults.load import Sender
from faults.nursery import Nursery
from faults.truth import book_of
from faults.venues import outliving_venue, trouble
from plugins.brokers.paper.process import VenueProcess
from tradewire.audit.venue import VenueBook

#: A point that is not passed for so long is given up, and its turn comes again.
PATIENCE_S = 5.0
#: What a naive relay has mixed up may never end, and is judged as it is after so long.
NAIVE_S = 3.0


class Stage(ABC):
    """What a kill loop needs of whatever it kills."""

    def __init__(self, venue: VenueProcess) -> None:
        self._venue = venue

    @abstractmethod
    def hit(self) -> list[str]:
        """The crash points that were hit so far, in order."""

    @abstractmethod
    def life(self, sender: Sender, end: str | None, dice: random.Random) -> str | None:
        """One life under load, ended at a crash point or (None) at a random moment; what else was killed."""

    @abstractmethod
    def finish(self, sender: Sender) -> None:
        """Let a last life bring to its end whatever is under way."""

    @abstractmethod
    def export(self) -> list[str]:
        """The ledger's lines."""

    def book(self) -> VenueBook:
        return book_of(self._venue)


class Embedded(Stage):
    def __init__(self, venue: VenueProcess, relay: Relay, is_naive: bool) -> None:
        super().__init__(venue)
        self._relay = relay
        self._is_naive = is_naive

    def hit(self) -> list[str]:
        return self._relay.hit()

    def life(self, sender: Sender, end: str | None, dice: random.Random) -> str | None:
        relay = self._relay
        if relay.start(crash=None if end is None else f"{end}:{dice.randint(1, 4)}"):
            sender.start(relay.url, relay.key)
            wait(lambda: not relay.is_alive(), PATIENCE_S if end is not None else dice.uniform(0.02, 0.8))
            if relay.is_alive():
                relay.kill()
            sender.stop()
        relay.ended()
        return "up" if end is None else None

    def finish(self, sender: Sender) -> None:
        assert self._relay.start(), self._relay.said()
        sender.finish(self._relay.url, self._relay.key)
        if self._is_naive:
            threading.Event().wait(NAIVE_S)
        else:
            self._relay.settled()

    def export(self) -> list[str]:
        return self._relay.export()


@contextmanager
def embedded(mode: str | None) -> Iterator[Embedded]:
    """`mode` is one of the naive ones."""
    with tempfile.TemporaryDirectory(prefix="kill-loop-") as made:
        folder = Path(made)
        nursery = Nursery()
        try:
            with outliving_venue(folder) as venue:
                trouble(venue, 20_000)
                relay = Relay(nursery, folder / "relay", **({naive.VARIABLE: mode} if mode else {}))
                set_up(relay, venue)
                relay.kill()
                try:
                    yield Embedded(venue, relay, mode is not None)
                finally:
                    relay.end()
        finally:
            nursery.close()


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait at most so long; whether it came."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.005)
    return True
