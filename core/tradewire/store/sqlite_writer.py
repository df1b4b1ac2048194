"""The one thread that writes: everything that waits goes into one transaction, each unit in a savepoint."""

import logging
import sqlite3
import threading
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tradewire.store.settling import AnyFuture, Outcome, settle
from tradewire.store.sqlite_engine import raw
from tradewire.store.sqlite_failures import TransactionLost, is_fatal, is_outage, unavailable
from tradewire.store.waiting import Batch, Group, Line, Unit, WaitingItem

#: The most items, and the most units, of one commit.
MOST_PER_COMMIT = 256
#: Seconds after which a transaction takes no further unit, so that no message waits long.
LONGEST_TRANSACTION = 0.02
#: After a commit of so many items the next one waits so long (seconds) for as many: the loop that hands them
#: over needs Python's lock for each, and many small commits take more of it from the loop than they store.
BUSY_ITEMS = 4
BUSY_REST_S = 0.003
#: Changed rows after which the write-ahead log is copied into the database.
CHECKPOINT_EVERY = 2_000

Replies = list[tuple[AnyFuture, Outcome]]
_logger = logging.getLogger(__name__)


class SqliteWriter:
    """Owns the only connection that writes. Callers hear of their unit once the commit is on the disk."""

    def __init__(
        self,
        engine: Engine,
        line: Line,
        *,
        path: str,
        on_fatal: Callable[[str], None],
        after_commit: Callable[[int, float], None] | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._line = line
        self._path = path
        self._on_fatal = on_fatal
        self._after_commit = after_commit
        self._monotonic = monotonic
        self._checkpointed = 0
        self._connection: Connection | None = engine.connect()
        self._thread = threading.Thread(target=self._run, name="tradewire-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Wait until all that waited is written; the line must be closed."""
        self._thread.join()

    def is_current_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        try:
            while group := self._line.take(MOST_PER_COMMIT):
                self._write(group)
                if sum(len(items) for _, items in group.batches) >= BUSY_ITEMS:
                    self._line.rest(BUSY_REST_S)
        except BaseException as error:
            # Without its writer the process would go on answering and store nothing.
            self._stop(error)
            raise

    def _write(self, group: Group) -> None:
        began = self._monotonic()
        try:
            replies = self._commit(group, began)
        except (SQLAlchemyError, sqlite3.Error, TransactionLost) as error:
            self.disconnect()
            if is_fatal(error):
                self._stop(error)
            _logger.warning("%s", unavailable(error, self._path))
            # Also where a unit had raised: it may have done so because of what is now undone.
            settle([(future, Outcome(error=unavailable(error, self._path))) for future in group.futures()])
            return
        settle(replies)
        self._tell_observer(len(replies), self._monotonic() - began)
        self._checkpoint_when_due()

    def _tell_observer(self, units: int, seconds: float) -> None:
        if self._after_commit is None:
            return
        try:
            self._after_commit(units, seconds)
        except Exception:
            _logger.exception("The observer of commits raised; what was stored is stored")

    def _commit(self, group: Group, began: float) -> Replies:
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        transaction = connection.begin()
        replies: Replies = []
        for batch, items in group.batches:
            replies += self._run_batch(connection, batch, items)
        for done, waiting in enumerate(group.units, start=1):
            replies.append((waiting.future, self._attempt(connection, waiting.unit)))
            if self._monotonic() - began > LONGEST_TRANSACTION:
                self._line.put_back(group.units[done:])
                del group.units[done:]
        transaction.commit()
        return replies

    def _run_batch(self, connection: Connection, batch: Batch, items: list[WaitingItem]) -> Replies:
        def whole(connection: Connection) -> list[object]:
            results = list(batch(connection, [waiting.item for waiting in items]))
            if len(results) != len(items):
                raise RuntimeError(f"{batch} answered {len(results)} of {len(items)} items")
            return results

        outcome = self._attempt(connection, whole)
        if outcome.error is None:
            return [(item.future, Outcome(value)) for item, value in zip(items, outcome.value, strict=True)]
        if len(items) == 1:
            return [(items[0].future, outcome)]
        return [reply for item in items for reply in self._run_batch(connection, batch, [item])]

    def _attempt(self, connection: Connection, unit: Unit) -> Outcome:
        # By the driver: SQLAlchemy's own savepoints cost more than most units do.
        driver = raw(connection)
        try:
            driver.execute("SAVEPOINT unit").close()
            value = unit(connection)
            driver.execute("RELEASE unit").close()
        except Exception as error:
            # A full disk or an I/O error can end the whole transaction; what follows would commit by itself.
            if is_fatal(error) or not raw(connection).in_transaction:
                raise TransactionLost from error
            driver.execute("ROLLBACK TO unit").close()
            driver.execute("RELEASE unit").close()
            return Outcome(error=unavailable(error, self._path) if is_outage(error) else error)
        return Outcome(value)

    def _checkpoint_when_due(self) -> None:
        """Copy the log into the database, after the callers were answered. Failing costs only disk space."""
        if self._connection is None:
            return
        changes = raw(self._connection).total_changes
        if changes - self._checkpointed < CHECKPOINT_EVERY:
            return
        self._checkpointed = changes
        try:
            raw(self._connection).execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        except sqlite3.Error as error:
            if is_fatal(error):
                self._stop(error)
            _logger.warning("The write-ahead log could not be copied into the database: %s", error)

    def disconnect(self) -> None:
        """Closing rolls back what is open; the next group begins on a fresh connection."""
        if self._connection is not None:
            connection, self._connection, self._checkpointed = self._connection, None, 0
            connection.invalidate()
            connection.close()

    def _stop(self, error: BaseException) -> None:
        self._line.close()
        self._on_fatal(
            f"The database {self._path} can no longer be trusted ({error}). Tradewire ends here; started "
            "again, it reads what really reached the disk."
        )
