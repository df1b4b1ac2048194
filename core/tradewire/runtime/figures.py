"""Reads the database's figures now and then, so that whoever asks for the metrics never waits for it."""

import threading
from functools import partial

import structlog

from tradewire.domain.clock import Clock
from tradewire.server.metrics import Metrics
from tradewire.services.figures import read_figures
from tradewire.store.database import Store, StoreUnavailable

log = structlog.get_logger()


class FiguresReader:
    """A thread of its own; `start` it once, `stop` it before the store is closed."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics, every_s: float, lease_s: float) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._every_s = every_s
        self._lease_s = lease_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tradewire-figures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def read(self) -> None:
        """Once, now."""
        unit = partial(read_figures, now=self._clock.now(), lease_s=self._lease_s)
        self._metrics.stored(self._store.read_now(unit))

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.read()
            except StoreUnavailable as error:
                log.warning("The figures wait for the database.", error=str(error))
            except Exception:
                log.exception("The figures could not be read.")
