"""Who decides about a message whose sender's time runs out: the writer, or the door."""

import threading


class Claim:
    """Taken by the writer before it stores a message, or given up by the door, never both.

    So that a 503 can say truthfully that nothing was stored.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._given_up = False

    def take(self) -> bool:
        """Whether the message may be stored; a writer that tries once more may take it once more."""
        with self._lock:
            self._taken = not self._given_up
            return self._taken

    def give_up(self) -> bool:
        """Whether it is certain that the message will not be stored."""
        with self._lock:
            self._given_up = not self._taken
            return self._given_up
