"""One run at a time per key; whoever comes meanwhile makes the run under way start over."""

import threading
from collections.abc import Callable


class SingleFlight:
    """Jobs of one key never overlap, and none that was asked for is left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, bool] = {}

    def run(self, key: str, job: Callable[[], None]) -> None:
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
            try:
                job()
            except Exception as error:  # noqa: BLE001 - raised below
                failure = error
            with self._lock:
                again = self._running[key]
                if again:
                    self._running[key] = False
                else:
                    del self._running[key]
        if failure is not None:
            raise failure
