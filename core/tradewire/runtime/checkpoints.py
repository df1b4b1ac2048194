"""This process' checkpoint, in a file outside the database: written forward, compared at every start."""

import threading
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, func, select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.clock import Clock
from tradewire.ledger.checkpoint import Checkpoint, checkpoint, from_json, holds, to_json
from tradewire.ledger.seal import seal
from tradewire.runtime.folder import write_private
from tradewire.services.restorations import hold_if_behind, is_superseded
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.schema import ledger_seals

#: Its name in the data folder.
FILE = "checkpoint.json"

log = structlog.get_logger()


class CheckpointKeeper:
    """Keeps `folder`/checkpoint.json at the newest sealed entry, as long as the database holds the last."""

    def __init__(self, store: Store, clock: Clock, folder: Path, every_s: float) -> None:
        self._store = store
        self._clock = clock
        self._path = folder / FILE
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tradewire-checkpoint", daemon=True)

    async def compare(self) -> None:
        """At start, before anything is sent: hold all back where the database is older than the file."""
        kept = read(self._path)
        if kept is None:
            return
        held = await self._store.write(partial(hold_if_behind, kept=kept, now=self._clock.now()))
        if held:
            log.error(
                "The database is older than its checkpoint: all accounts are halted. Compare them with their "
                "brokers, then run `tradewire confirm`.",
                checkpoint=kept.number,
                kept_at=kept.at.isoformat(),
            )

    def start(self) -> None:
        """Keep it every few seconds from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, seal everything that was written, and keep that."""
        self._stopping.set()
        if not self._thread.is_alive():
            return
        self._thread.join()
        try:
            while self._store.write_now(seal):
                pass
            self.keep()
        except (StoreUnavailable, Unhonoured, OSError) as error:
            log.error("The last checkpoint could not be kept.", error=str(error))

    def keep(self) -> None:
        """Write the newest sealed entry into the file; nothing where it is there, or must not be lost."""
        kept = read(self._path)
        newer = self._store.read_now(partial(self._newer, kept))
        if newer is not None:
            write_private(self._path, (to_json(newer) + "\n").encode())

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.keep()
            except (StoreUnavailable, Unhonoured, OSError) as error:
                log.error("The checkpoint could not be kept; it is tried again.", error=str(error))

    def _newer(self, kept: Checkpoint | None, conn: Connection) -> Checkpoint | None:
        last = conn.execute(select(func.max(ledger_seals.c.number))).scalar()
        if last is None or (kept is not None and kept.number == last and holds(conn, kept)):
            return None
        if kept is not None and not holds(conn, kept) and not is_superseded(conn, kept):
            return None
        return checkpoint(conn, self._clock.now())


def read(path: Path) -> Checkpoint | None:
    """The checkpoint in the file; None where there is none. `Unhonoured` where it cannot be read."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, Unhonoured) as error:
        raise Unhonoured(
            f"The checkpoint {path} cannot be read ({error}). It tells whether the database is the newest; "
            "if you are sure that it is, remove the file and start again."
        ) from error
