"""Group commit: what waits for the same batch function goes into one transaction."""

import threading
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tradewire.store.database import StoreUnavailable
from tradewire.store.postgres_connection import WRITING
from tradewire.store.postgres_transactions import Transactions
from tradewire.store.settling import AnyFuture, Outcome, settle
from tradewire.store.waiting import Batch, Line, WaitingItem

#: The most items of one commit.
MOST_PER_COMMIT = 256
#: So many transactions may be on their way to the disk at once. With one, messages are numbered in the order
#: in which they came to this process; a second brought 4 % more of them a second.
IN_FLIGHT = 1

Replies = list[tuple[AnyFuture, Outcome]]


class Gathering:
    """Threads that take what waits in a line and commit it, until the line is closed and empty."""

    def __init__(self, line: Line, transactions: Transactions) -> None:
        self._line = line
        self._transactions = transactions
        self._threads = [
            threading.Thread(target=self._run, name=f"tradewire-gather-{number}", daemon=True)
            for number in range(IN_FLIGHT)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Wait until all that waited is stored; the line must be closed."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self) -> None:
        while group := self._line.take(MOST_PER_COMMIT):
            for batch, items in group.batches:
                settle(self._store(batch, items))

    def _store(self, batch: Batch, items: list[WaitingItem]) -> Replies:
        outcome = self._attempt(batch, items)
        if isinstance(outcome.error, IntegrityError):
            # Somebody else stored the same first; the second time it is seen.
            outcome = self._attempt(batch, items)
        if outcome.error is None:
            return [(item.future, Outcome(value)) for item, value in zip(items, outcome.value, strict=True)]
        if isinstance(outcome.error, StoreUnavailable):
            return [(item.future, Outcome(error=_copy(outcome.error))) for item in items]
        if len(items) == 1:
            return [(items[0].future, outcome)]
        return [reply for item in items for reply in self._store(batch, [item])]

    def _attempt(self, batch: Batch, items: list[WaitingItem]) -> Outcome:
        def whole(connection: Connection) -> list[Any]:
            results = list(batch(connection, [waiting.item for waiting in items]))
            if len(results) != len(items):
                raise RuntimeError(f"{batch} answered {len(results)} of {len(items)} items")
            return results

        try:
            return Outcome(self._transactions.run(whole, WRITING, len(items)))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            return Outcome(error=error)


def _copy(error: StoreUnavailable) -> StoreUnavailable:
    """Of its own for each caller: raising an exception changes it."""
    copy = type(error)(str(error))
    copy.__cause__ = error.__cause__
    return copy
