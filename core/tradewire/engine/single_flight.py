"""One run at a time per key; whoever comes meanwhile makes the run under way start over."""

import threading
from collections.abc import Callable
from time import monotonic


class SingleFlight:
    """Jobs of one key never overlap, and none that was asked for is left out.

    A job may return how many seconds are to pass before the next run of its key: a run that costs the same
    however much it finds is better made once for all that came meanwhile.
    """

    def __init__(self, stopping: threading.Event | None = None) -> None:
        """Once `stopping` is set nobody rests any more."""
        self._stopping = stopping or threading.Event()
        self._rested_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._running: dict[str, bool] = {}

    def run(self, key: str, job: Callable[[], float | None]) -> None:
        """Run `job`, and again as long as somebody asked meanwhile; return at once if it runs already.

        What a run raises is raised at the end, after the runs that were asked for.
        """
        with self._lock:
            if key in self._running:
                self._running[key] = True
                return
            self._running[key] = False
        failure: Exception | None = None
        again = True
        while again:
            self._rest(key)
            try:
                self._rested_at[key] = (job() or 0.0) + monotonic()
            except Exception as error:  # noqa: BLE001 - raised below
                failure = error
            except BaseException:
                # What ends a thread must not leave the key taken: nothing would run for it any more.
                with self._lock:
                    del self._running[key]
                raise
            with self._lock:
                again = self._running[key]
                if again:
                    self._running[key] = False
                else:
                    del self._running[key]
        if failure is not None:
            raise failure

    def _rest(self, key: str) -> None:
        left = self._rested_at.get(key, 0.0) - monotonic()
        if left > 0:
            self._stopping.wait(left)
