"""The line before the writer: items for a batch come first, then units, each in order of arrival."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tradewire.store.database import StoreUnavailable
from tradewire.store.settling import AnyFuture

CLOSED = "The database is closed because Tradewire is stopping; nothing was stored."

Unit = Callable[[Connection], Any]
Batch = Callable[[Connection, Sequence[Any]], Sequence[Any]]


class WaitingUnit(NamedTuple):
    unit: Unit
    future: AnyFuture


class WaitingItem(NamedTuple):
    item: Any
    future: AnyFuture


class Group(NamedTuple):
    """What one commit stores."""

    batches: list[tuple[Batch, list[WaitingItem]]]
    units: list[WaitingUnit]

    def futures(self) -> list[AnyFuture]:
        items = [item.future for _, items in self.batches for item in items]
        return items + [unit.future for unit in self.units]


class Line:
    """Filled from any thread, emptied by the writer's. `most_items` that wait is the most it takes."""

    def __init__(self, most_items: int) -> None:
        self._most_items = most_items
        self._changed = threading.Condition()
        self._items: dict[Batch, deque[WaitingItem]] = {}
        self._units: deque[WaitingUnit] = deque()
        self._closed = False
        self._ended = threading.Event()

    def add_unit(self, unit: WaitingUnit) -> None:
        with self._changed:
            self._refuse_when_closed()
            self._units.append(unit)
            self._changed.notify()

    def add_items(self, items: Sequence[tuple[Batch, WaitingItem]]) -> tuple[list[WaitingItem], str]:
        """Returns those not taken, and why in a sentence: better refused than out of memory."""
        with self._changed:
            if self._closed:
                return [item for _, item in items], CLOSED
            room = max(self._most_items - sum(map(len, self._items.values())), 0)
            for batch, item in items[:room]:
                self._items.setdefault(batch, deque()).append(item)
            self._changed.notify()
        behind = f"The database is {self._most_items} messages behind; nothing was stored, send it again."
        return [item for _, item in items[room:]], behind

    def take(self, most: int) -> Group | None:
        """Wait, then take up to `most` items and as many units; None once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._units or self._closed)
            if not (self._items or self._units):
                return None
            units = [self._units.popleft() for _ in range(min(most, len(self._units)))]
            return Group(self._take_items(most), units)

    def put_back(self, units: Iterable[WaitingUnit]) -> None:
        """Return units to the head of the line, in their order."""
        with self._changed:
            self._units.extendleft(reversed(list(units)))

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._ended.set()

    def rest(self, seconds: float) -> None:
        """Let the line grow for so long, unless it is closed."""
        self._ended.wait(seconds)

    def _take_items(self, most: int) -> list[tuple[Batch, list[WaitingItem]]]:
        batches = []
        for batch in list(self._items):
            items = self._items[batch]
            taken = [items.popleft() for _ in range(min(most, len(items)))]
            most -= len(taken)
            if not items:
                del self._items[batch]
            if taken:
                batches.append((batch, taken))
        return batches

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable(CLOSED)
