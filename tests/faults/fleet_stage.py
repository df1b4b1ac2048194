"""A kill loop's stage of many processes: a server and two workers on PostgreSQL and Valkey."""

import json
import os
import random
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.life import until
from faults.load import Sender
from faults.nursery import Nursery
from faults.stage import PATIENCE_S, Stage, wait
from faults.venues import outliving_venue, trouble
from integration.fleet import Fleet
from plugins.brokers.paper.process import VenueProcess
from servers.postgres import Postgres
from servers.valkey import Valkey
from tradewire.crashpoints import LOG_VARIABLE, VARIABLE
from tradewire.services.audit import ExportFormat

SERVER = "serve"
WORKERS = ("one", "two")
#: What is killed at random moments beside the processes of Tradewire.
POSTGRES, VALKEY = "postgres", "valkey"


class Member:
    """One life after another of one process of the fleet."""

    def __init__(self, name: str, nursery: Nursery, fleet: Fleet, hits: Path, **environment: str) -> None:
        self.name = name
        self.url = ""
        self.pid = 0
        self._nursery = nursery
        self._folder = fleet.folder / name
        self._folder.mkdir()
        self._environment = {**fleet.environment, LOG_VARIABLE: str(hits), **environment}

    def start(self, crash: str | None = None) -> None:
        """Begin a life, which may end before it is ready."""
        data = ["--data", str(self._folder / "data"), "--port", "0", "--json"]
        words = ["serve", *data] if self.name == SERVER else ["worker", "--id", self.name, *data]
        environment = {**self._environment, **({VARIABLE: crash} if crash else {})}
        self.pid = self._nursery.begin(words, environment, self._folder)

    def ready(self) -> bool:
        """Wait until it says that it is at work; False where it ended before."""
        out = self._folder / "out.txt"
        until(lambda: out.read_text().endswith("\n") or not self.is_alive(), self.said)
        if not out.read_text().endswith("\n"):
            return False
        self.url = json.loads(out.read_text())["url"]
        return True

    def is_alive(self) -> bool:
        return self.pid != 0 and not self._nursery.has_ended(self.pid)

    def kill(self) -> None:
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            self._nursery.ended(self.pid)

    def said(self) -> str:
        return (self._folder / "err.txt").read_text()[-4000:]


class Processes(Stage):
    def __init__(
        self, venue: VenueProcess, fleet: Fleet, nursery: Nursery, postgres: Postgres, valkey: Valkey
    ) -> None:
        super().__init__(venue)
        self._fleet = fleet
        self._postgres = postgres
        self._valkey = valkey
        self._victims: list[str] = []
        self._hits = fleet.folder / "hits.txt"
        self._hits.touch()
        self._members = {name: Member(name, nursery, fleet, self._hits) for name in (SERVER, *WORKERS)}

    def hit(self) -> list[str]:
        return [line.split()[0] for line in self._hits.read_text().splitlines()]

    def life(self, sender: Sender, end: str | None, dice: random.Random) -> str | None:
        """At the door's points the server ends, at the others whichever worker comes there first."""
        victims = self._armed(end, dice)
        self._up()
        door = self._members[SERVER]
        sender.start(door.url, self._fleet.key)
        before = len(self.hit())
        try:
            if end is not None:
                wait(lambda: len(self.hit()) > before, PATIENCE_S)
                return None
            wait(lambda: False, dice.uniform(0.02, 0.8))
            return self._random_death(dice)
        finally:
            for name in victims:
                self._members[name].kill()
            sender.stop()

    def finish(self, sender: Sender) -> None:
        for member in self._members.values():
            member.kill()
        self._up()
        sender.finish(self._members[SERVER].url, self._fleet.key)
        self._fleet.settled()

    def export(self) -> list[str]:
        return exported_by(self._fleet)

    def close(self) -> None:
        for member in self._members.values():
            member.kill()

    def _armed(self, end: str | None, dice: random.Random) -> tuple[str, ...]:
        """Begin new lives of those that pass the point."""
        if end is None:
            return ()
        victims = (SERVER,) if end.startswith("accept.") else WORKERS
        for name in victims:
            self._members[name].kill()
            self._members[name].start(f"{end}:{dice.randint(1, 4)}")
        return victims

    def _up(self) -> None:
        """Wait until all are at work; one that ended at its start already begins again."""
        for member in self._members.values():
            if not member.is_alive():
                member.start()
        for member in self._members.values():
            until(lambda one=member: one.ready() or one.start(), member.said)  # type: ignore[misc]

    def _random_death(self, dice: random.Random) -> str:
        if not self._victims:
            everything = (SERVER, *WORKERS, POSTGRES, VALKEY)
            self._victims = dice.sample(everything, len(everything))
        victim = self._victims.pop()
        if victim == POSTGRES:
            self._postgres.kill()
            self._postgres.start()
        elif victim == VALKEY:
            if dice.random() < 0.5:
                self._valkey.flush()
            self._valkey.kill()
            self._valkey.start()
        else:
            self._members[victim].kill()
        return victim


def exported_by(fleet: Fleet) -> list[str]:
    """The exported ledger's lines, read by the test's own services."""

    async def blocks() -> str:
        audit = fleet.core.services.audit
        return "".join([block async for block in audit.export(ExportFormat.JSONL)])

    return str(fleet.do(blocks())).splitlines(keepends=True)


@contextmanager
def processes() -> Iterator[Processes]:
    """A fleet with servers of its own."""
    postgres, valkey = Postgres(), Valkey()
    nursery = Nursery()
    try:
        postgres.start()
        valkey.start()
        with tempfile.TemporaryDirectory(prefix="kill-loop-") as made, outliving_venue(Path(made)) as venue:
            trouble(venue, 20_000)
            fleet = Fleet(Path(made) / "fleet", postgres.create(migrated=True), valkey.url)
            fleet.prepare()
            fleet.add_account("venue", url=venue.url, timeout_s="1")
            for name in ("entries", "resting"):
                fleet.add_algorithm(name, account="venue")
            stage = Processes(venue, fleet, nursery, postgres, valkey)
            try:
                yield stage
            finally:
                stage.close()
                fleet.close()
    finally:
        nursery.close()
        postgres.remove()
        valkey.remove()
