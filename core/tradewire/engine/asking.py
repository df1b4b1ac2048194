"""Threads that ask guardians, and their verdicts as they come in. One that hangs is left behind."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from math import ceil
from queue import SimpleQueue
from time import monotonic

from tradewire.domain.verdict import Verdict

_PARTS = 5


class AskingThread:
    """Does one job after the other; jobs do not raise."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="tradewire-guard", daemon=True).start()

    def begin(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def end(self) -> None:
        """No further job; one that hangs may hang on."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # what it holds may go while the thread waits


class AskingThreads:
    """Those that have nothing to do wait to be taken; there are as many as were ever needed at once."""

    def __init__(self) -> None:
        self._idle: deque[AskingThread] = deque()

    def take(self) -> AskingThread:
        try:
            return self._idle.pop()
        except IndexError:
            return AskingThread()

    def give_back(self, thread: AskingThread) -> None:
        self._idle.append(thread)


class Answers:
    """Verdicts as they come in, closed once the asker has stopped waiting; `total` are awaited."""

    def __init__(self, verdicts: Sequence[Verdict], total: int) -> None:
        self._changed = threading.Condition()
        self._verdicts = list(verdicts)
        self._total = total
        self._since = monotonic()
        self._open = True

    def add(self, verdict: Verdict) -> bool:
        """Whether anybody still waits for more."""
        with self._changed:
            if self._open:
                self._verdicts.append(verdict)
                self._since = monotonic()
                # The asker is woken once, not by each verdict: waking costs more than most verdicts do.
                if self._is_complete():
                    self._changed.notify()
            return self._open

    def wait_for_all(self, seconds: float) -> int:
        """How many there are, once all are there or none has come for so long.

        The time is waited in parts, so that a process that stood still for a moment, as a machine does that
        was asleep, does not take a guardian for late that had no time to answer.
        """
        part = seconds / _PARTS
        with self._changed:
            while True:
                count = len(self._verdicts)
                parts = max(ceil((self._since + seconds - monotonic()) / part), 1)
                while parts and count == len(self._verdicts):
                    if self._changed.wait_for(self._is_complete, part):
                        return len(self._verdicts)
                    parts -= 1
                if count == len(self._verdicts):
                    return count

    def abandon(self) -> list[Verdict]:
        with self._changed:
            self._open = False
            return list(self._verdicts)

    def _is_complete(self) -> bool:
        return len(self._verdicts) >= self._total
