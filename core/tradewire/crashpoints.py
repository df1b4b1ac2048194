"""Named places at which a test may end this process, as a power cut would. Inert unless switched on.

`TRADEWIRE_CRASH` lists what is to happen, parted by commas; `TRADEWIRE_CRASH_LOG` names the file to which
every hit is written before it happens. Neither is a setting: they are for tests, and for one process.

    submit.sent             kill -9 of this process at the first passing
    submit.sent:3           at the third
    submit.sent:3:freeze    SIGSTOP instead of SIGKILL; whoever watches the log lets it go on
    random:0.01:7           kill -9 at any place with this probability, by this seed
"""

import os
import random
import signal
import threading
from collections.abc import Mapping
from itertools import count

VARIABLE = "TRADEWIRE_CRASH"
LOG_VARIABLE = "TRADEWIRE_CRASH_LOG"

#: Every place, in the order in which an order passes them, and what is true there.
POINTS: Mapping[str, str] = {
    "accept.parsed": "A message was parsed and its sender is known; nothing is stored.",
    "accept.storing": "A message's rows are written; their transaction is not committed.",
    "accept.committed": "A message is committed; nobody was rung and its sender has no answer.",
    "route.storing": "Parent orders are written; their transaction is not committed.",
    "route.committed": "Parent orders are committed; their accounts were not rung.",
    "admit.evaluated": "A plan is made, guardians asked; nothing of it is written.",
    "reserve.storing": "Verdicts, reservation and orders are written; the transaction is not committed.",
    "reserve.committed": "They are committed; the account's session was told nothing.",
    "reserve.handed_over": "The account's session was told; the job is not done.",
    "submit.storing": "An order is marked as sent; the transaction is not committed.",
    "submit.released": "That it is sent is committed; no byte of it has left.",
    "submit.sent": "The broker has answered; nothing of the answer is stored.",
    "submit.outcome": "The outcome is written; its transaction is not committed.",
    "submit.stored": "The outcome is committed; nobody was told.",
    "report.received": "The broker has told of fills or states; nothing of it is stored.",
    "report.storing": "They are written; their transaction is not committed.",
    "report.stored": "They are committed; nobody was rung.",
    "look_up.answered": "The broker has said what became of an UNKNOWN order; nothing of it is stored.",
    "look_up.stored": "That is committed; what follows from it was not begun.",
    "cancel.asking": "An order is to be cancelled; the broker was not asked.",
    "cancel.asked": "The broker has taken the cancel; its end is not known.",
    "seal.storing": "Entries of the ledger are chained; the transaction is not committed.",
    "seal.committed": "The chain is committed; the sweep is not done.",
}

KILL, FREEZE, RANDOM = "kill", "freeze", "random"
_SIGNALS = {KILL: signal.SIGKILL, FREEZE: signal.SIGSTOP}


class _Armed:
    """What is to happen at which passing of which place."""

    def __init__(self, spec: str, log: str | None) -> None:
        self._planned: dict[tuple[str, int], str] = {}
        self._chance = 0.0
        self._dice = random.Random()
        self._passings = {name: count(1) for name in POINTS}
        self._lock = threading.Lock()
        self._log = log
        for part in filter(None, (text.strip() for text in spec.split(","))):
            self._plan(part)

    def passed(self, name: str) -> None:
        # Held while the process ends, so that one passing is the last thing that happens.
        with self._lock:
            passing = next(self._passings[name])
            mode = self._planned.get((name, passing))
            if mode is None and self._chance and self._dice.random() < self._chance:
                mode = KILL
            if mode is not None:
                self._end(name, passing, mode)

    def _plan(self, part: str) -> None:
        name, _, rest = part.partition(":")
        try:
            if name == RANDOM:
                chance, _, seed = rest.partition(":")
                self._chance, self._dice = float(chance), random.Random(seed)
                return
            passing, _, mode = rest.partition(":")
            if name not in POINTS:
                raise ValueError(f"there is no crash point {name!r}")
            if (mode or KILL) not in _SIGNALS:
                raise ValueError(f"{mode!r} is neither {KILL} nor {FREEZE}")
            self._planned[name, int(passing or 1)] = mode or KILL
        except ValueError as error:
            raise ValueError(f"{VARIABLE}: {part!r} cannot be used: {error}.") from None

    def _end(self, name: str, passing: int, mode: str) -> None:
        if self._log is not None:
            handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, f"{name} {passing} {mode} {os.getpid()}\n".encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        os.kill(os.getpid(), _SIGNALS[mode])


_armed: _Armed | None = None


def arm(environment: Mapping[str, str]) -> None:
    """Do from now on as the environment says; nothing where it says nothing.

    Raises `ValueError`, a sentence, for a place or a mode that there is not.
    """
    global _armed
    spec = environment.get(VARIABLE)
    _armed = _Armed(spec, environment.get(LOG_VARIABLE)) if spec else None


def crashpoint(name: str) -> None:
    """The process may end here. `name` is one of `POINTS`."""
    if _armed is not None:
        _armed.passed(name)
