"""Doorbells: "look at the signals", "look at this account". A lost ring costs a moment, a second one nothing.

Whoever rings only sets a mark; a thread of its own turns marks into Dramatiq messages, so that a message
broker that hangs never holds up a request. Rings for the same door that wait are one ring, so that never more
of them wait than there are doors, however long the message broker is away.
"""

import threading
from collections.abc import Callable

import structlog

ROUTE = ""

#: Seconds to wait after a ring that failed; twice as long after each further one.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

log = structlog.get_logger()


class Bells:
    """Rings are forgotten until `start` says how a message is sent."""

    def __init__(self) -> None:
        self._marked = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._send: Callable[[str], None] | None = None
        self._thread: threading.Thread | None = None
        self._pause = 0.0

    def route(self) -> None:
        """There may be signals to route."""
        self.ring(ROUTE)

    def work(self, account_id: str) -> None:
        """There may be something due in an account's lanes."""
        self.ring(account_id)

    def ring(self, door: str) -> None:
        """`door` is an account id, or `ROUTE`."""
        with self._marked:
            if self._send is not None:
                self._waiting[door] = None
                self._marked.notify()

    def start(self, send: Callable[[str], None]) -> None:
        """Ring by `send(door)` from now on; what it raises is tried again later."""
        self._send = send
        self._thread = threading.Thread(target=self._run, name="tradewire-bells", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 0.0) -> None:
        """Ring no more; what waits is rung first, if that takes no longer than `seconds`."""
        with self._marked:
            self._marked.wait_for(lambda: not self._waiting, timeout=seconds)
            self._send = None
            self._marked.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            with self._marked:
                self._marked.wait_for(lambda: self._send is None or self._waiting)
                send, doors = self._send, list(self._waiting)
            if send is None:
                return
            for door in doors:
                with self._marked:
                    # Before it is rung: who rings meanwhile may know more, and is heard again.
                    self._waiting.pop(door, None)
                try:
                    send(door)
                except Exception as error:  # noqa: BLE001 - it is rung again, and the sweeper looks anyway
                    self._failed(door, error)
                    break
                self._pause = 0.0
            with self._marked:
                self._marked.notify_all()

    def _failed(self, door: str, error: Exception) -> None:
        log.debug("A ring failed and is tried again.", error=f"{type(error).__name__}: {error}")
        self._pause = min(max(2 * self._pause, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        with self._marked:
            self._waiting.setdefault(door)
            self._marked.wait_for(lambda: self._send is None, timeout=self._pause)
