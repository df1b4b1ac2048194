"""One run at a time per key; whoever comes meanwhile makes the run under way start over."""

import threading
from collections.abc import Callable


class SingleFlight:
    """Jobs of one key never overlap, and none that was asked for is left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, bool] = {}

    def run(self, key: str, job: Callable[[], None]) -> None:
        """Run `job`, and again as long as somebody asked meanwhile; return at once if it runs already."""
        with self._lock:
            if key in self._running:
                self._running[key] = True
                return
            self._running[key] = False
        try:
            while True:
                job()
                with self._lock:
                    if not self._running[key]:
                        del self._running[key]
                        return
                    self._running[key] = False
        except BaseException:
            with self._lock:
                self._running.pop(key, None)
            raise
