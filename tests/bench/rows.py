"""The rows of the bench by name, in the order in which they are measured, and what each needs to run."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import runs
from bench.accepting import accepting
from bench.figures import Figure, at_most, told
from bench.processes import Noop, Sender, Venue
from bench.relay import Embedded
from bench.several import Several
from bench.trading import Trading

EMBEDDED = {
    "start": "from the command to ready",
    "memory": "what it holds idle, and after the other rows",
    "idle": "one alert at a time, from the answer to the venue",
    "burst": "300 alerts at once over 30 symbols",
    "lane": "100 and 300 alerts at once on one symbol",
    "throughput": "signals end to end a second",
    "accept": "the webhook against a handler that does nothing",
}
SEVERAL = {
    "redis": "one alert at a time, with serve and a worker on PostgreSQL and Valkey",
    "one-worker": "signals end to end a second, with serve and one worker",
    "two-workers": "the same with two workers",
}
ROWS = {**EMBEDDED, **SEVERAL}


class Bench:
    """Measures on a folder; `say` is told what it does, beside the row that it does it for."""

    def __init__(self, folder: Path, settings: runs.Settings, wanted: Sequence[str], say: runs.Say) -> None:
        self._folder = folder
        self._log = folder / "log"
        self._settings = settings
        self._wanted = [name for name in ROWS if name in wanted or not wanted]
        self._say_on = say
        self._row = ""

    def measured(self) -> Iterator[Figure]:
        """Each figure as soon as it is known."""
        if any(name in EMBEDDED for name in self._wanted):
            with Venue(self._log, runs.VENUE_MS) as venue, Sender(self._log) as sender:
                yield from self._embedded(venue, sender)
        if any(name in SEVERAL for name in self._wanted):
            with Venue(self._log, runs.VENUE_MS) as venue, Sender(self._log) as sender:
                yield from self._several(venue, sender)

    def _embedded(self, venue: Venue, sender: Sender) -> Iterator[Figure]:
        data = self._folder / "data"
        self._row = "start"
        self._say("the first one, on an empty folder")
        relay = Embedded(data, self._log)
        first_start_s = relay.ready_s
        try:
            relay.trade(venue, runs.SYMBOLS)
            if {"start", "memory"} & set(self._wanted):
                taken = []
                for number in range(self._settings.rounds):
                    relay.stop()
                    self._say(f"round {number + 1} of {self._settings.rounds}")
                    relay = Embedded(data, self._log, relay.key)
                    taken.append(relay.ready_s)
                note = f"first start, on an empty folder: {first_start_s:.1f} s"
                if self._begins("start"):
                    yield at_most("start to ready", taken, "s", 2.0, note)
            if self._begins("memory"):
                self._say("two seconds idle")
                time.sleep(2)
                yield from runs.resident(relay, "idle", goal=150)
            trading = Trading(relay, venue, sender, self._settings, self._say)
            if {"idle", "burst", "lane", "throughput"} & set(self._wanted):
                trading.warm()
            if self._begins("idle"):
                yield from trading.idle("", goal_ms=15)
            if self._begins("burst"):
                yield from trading.bursts()
            if self._begins("lane"):
                yield from trading.lane()
            if self._begins("throughput"):
                yield from trading.throughput(goal=250)
            if self._begins("accept"):
                with Noop(self._log) as noop:
                    yield from accepting(relay, noop, sender, self._settings, self._say)
            if "memory" in self._wanted and len(self._wanted) > 1:
                yield from runs.resident(relay, "after these rows")
        finally:
            relay.stop()

    def _several(self, venue: Venue, sender: Sender) -> Iterator[Figure]:
        self._row = next(name for name in self._wanted if name in SEVERAL)
        self._say("PostgreSQL, Valkey and the server start")
        relay = Several(self._folder / "several")
        try:
            relay.trade(venue, runs.SYMBOLS)
            self._say("the worker starts")
            trading = Trading(relay, venue, sender, self._settings, self._say)
            relay.add_workers(1)
            trading.warm()
            if self._begins("redis"):
                yield told("start to ready, serve", [relay.ready_s], "s")
                yield from runs.resident(relay, "idle")
                yield from trading.idle(" on Redis", goal_ms=40)
            if self._begins("one-worker"):
                yield from trading.throughput(", PostgreSQL, 1 worker")
            if self._begins("two-workers"):
                self._say("another worker starts and takes its share")
                relay.add_workers(2)
                trading.warm()
                yield from trading.throughput(", PostgreSQL, 2 workers")
                yield from runs.resident(relay, "after these rows")
        finally:
            self._say("the processes stop")
            relay.stop()

    def _begins(self, row: str) -> bool:
        if row in self._wanted:
            self._row = row
        return row in self._wanted

    def _say(self, text: str) -> None:
        self._say_on(f"{self._row}: {text}")
