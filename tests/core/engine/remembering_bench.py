"""A bench that reads nothing twice which cannot have changed: what is held against every step reads a lot."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from core.engine.bench import Bench
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.engine.worker import Worker
from tradewire.plugins import Plugins
from tradewire.store.database import Store

T = TypeVar("T")


class WatchedStore:
    """Knows how often it was written to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes = 0

    def read_now(self, unit: Callable[[Connection], T]) -> T:
        return self._store.read_now(unit)

    def write_now(self, unit: Callable[[Connection], T]) -> T:
        try:
            return self._store.write_now(unit)
        finally:
            self.writes += 1


class RememberingBench(Bench):
    def __init__(self, store: Store, plugins: Plugins) -> None:
        self._watched = WatchedStore(store)
        super().__init__(self._watched, plugins)  # type: ignore[arg-type]
        self._seen: dict[Any, list[Any]] = {}
        self._seen_after = 0

    def decide_at_once(self, most: int) -> None:
        """From now on a first plan decides about so many, and is shown hardly more of those that wait."""
        self.worker = Worker(
            self.interleaved,  # type: ignore[arg-type]
            self.plugins,
            self.judge,
            self.clock,
            self.limits,
            self.desk,
            at_once=most,
        )

    def parents(self, account_id: str | None = None) -> list[ParentOrder]:
        found = self._once("parents", super().parents)
        return [one for one in found if account_id in (None, one.account_id)]

    def children(self, parent_id: str | None = None) -> list[ChildOrder]:
        found = self._once("children", super().children)
        return [one for one in found if parent_id in (None, one.parent_id)]

    def rows(self, table: Any) -> list[Any]:
        return list(self._once(table, lambda: super(RememberingBench, self).rows(table)))

    def _once(self, what: Any, read: Callable[[], list[T]]) -> list[T]:
        """What was read, unless something was written since."""
        if self._seen_after != self._watched.writes:
            self._seen.clear()
            self._seen_after = self._watched.writes
        if what not in self._seen:
            self._seen[what] = read()
        return self._seen[what]
