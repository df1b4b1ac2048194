"""A real store before which something can go wrong."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from tradewire.store.database import Item, Result, Store, StoreUnavailable, T


class Troubled(Store):
    """`down`: nothing is stored. `before_batch` and `after_batch` run on the writer's thread."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.down = False
        self.before_batch: Callable[[], None] = lambda: None
        self.after_batch: Callable[[], None] = lambda: None

    async def write(self, unit: Callable[[Connection], T]) -> T:
        self._check()
        return await self.inner.write(unit)

    def write_now(self, unit: Callable[[Connection], T]) -> T:
        return self.inner.write_now(unit)

    async def gather(
        self, batch: Callable[[Connection, Sequence[Item]], Sequence[Result]], item: Item
    ) -> Result:
        self._check()

        def troubled(conn: Connection, items: Sequence[Item]) -> Sequence[Result]:
            self.before_batch()
            results = batch(conn, items)
            self.after_batch()
            return results

        return await self.inner.gather(troubled, item)

    def expecting(self) -> AbstractContextManager[None]:
        return self.inner.expecting()

    async def read(self, unit: Callable[[Connection], T]) -> T:
        return await self.inner.read(unit)

    def read_now(self, unit: Callable[[Connection], T]) -> T:
        return self.inner.read_now(unit)

    def close(self) -> None:
        self.inner.close()

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("The disk is full.")
