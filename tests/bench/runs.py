"""What all measurements share: how long and how often, what is sent, and what must hold of each answer."""

import json
from collections.abc import Callable, Mapping, Sequence

from bench.asking import Done
from bench.figures import Figure, at_most, told
from bench.process import rss_mb
from bench.relay import Relay

Say = Callable[[str], None]

CLIENTS = (1, 32, 100)
VENUE_MS = 20
SYMBOLS = [f"{first}{second}X" for first in "ABCDEF" for second in "KLMNP"]


class Failed(Exception):
    """Something was answered or traded otherwise than it should have been; a figure would mean nothing."""


class Settings:
    """How long and how often; `quick` is for trying the bench out."""

    def __init__(self, quick: bool, clients: Sequence[int] | None = None) -> None:
        self.clients = tuple(clients or CLIENTS)
        self.rounds = 1 if quick else 3
        self.seconds = 0.5 if quick else 1.2
        self.sustained_s = 3.0 if quick else 10.0
        self.singles = 20 if quick else 100


def alert(key: str, strategy: str, **fields: object) -> str:
    message = {"apiKey": key, "strategyId": strategy, "action": "buy", **fields}
    return json.dumps(message)


def all_well(done: Done) -> Done:
    if set(done.statuses) != {200}:
        raise Failed(f"Not every request was answered with 200: {done.statuses}")
    return done


def used(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The seconds of the processor that each part used meanwhile."""
    return ", ".join(f"{name} {after[name] - before[name]:.1f} s" for name in before)


def resident(relay: Relay, when: str, goal: float | None = None) -> list[Figure]:
    """What Tradewire's own processes hold of memory."""
    parts = relay.parts()
    named = {f"memory, {when}": parts["relay"]} if "relay" in parts else {}
    named |= {f"memory of {name}, {when}": pid for name, pid in parts.items() if name.split()[0] in _OURS}
    held = {name: [rss_mb(pid)] for name, pid in named.items()}
    if goal is None:
        return [told(name, values, "MB") for name, values in held.items()]
    return [at_most(name, values, "MB", goal) for name, values in held.items()]


_OURS = ("serve", "worker")
