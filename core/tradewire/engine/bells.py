"""Doorbells: "look at the signals", "look at this account". A lost ring costs a moment, a second one nothing.

Whoever rings only sets a mark; a thread of its own turns marks into Dramatiq messages, so that a message
broker that hangs never holds up a request. Rings for the same door that wait are one ring.
"""

import threading
from collections.abc import Callable

import structlog

ROUTE = ""

log = structlog.get_logger()


class Bells:
    """Rings are forgotten until `start` says how a message is sent."""

    def __init__(self) -> None:
        self._marked = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._send: Callable[[str], None] | None = None
        self._thread: threading.Thread | None = None

    def route(self) -> None:
        """There may be signals to route."""
        self._ring(ROUTE)

    def work(self, account_id: str) -> None:
        """There may be something due in an account's lanes."""
        self._ring(account_id)

    def start(self, send: Callable[[str], None]) -> None:
        """Ring by `send(door)` from now on; `door` is an account id, or `ROUTE`."""
        self._send = send
        self._thread = threading.Thread(target=self._run, name="tradewire-bells", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._marked:
            self._send = None
            self._marked.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _ring(self, door: str) -> None:
        with self._marked:
            if self._send is not None:
                self._waiting[door] = None
                self._marked.notify()

    def _run(self) -> None:
        while True:
            with self._marked:
                while self._send is not None and not self._waiting:
                    self._marked.wait()
                send, doors = self._send, list(self._waiting)
                self._waiting.clear()
            if send is None:
                return
            for door in doors:
                try:
                    send(door)
                except Exception as error:  # noqa: BLE001 - the sweeper rings again
                    log.warning("A ring was lost; the sweeper will ring again.", error=str(error))
