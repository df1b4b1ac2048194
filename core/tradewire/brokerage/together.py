"""What waits at the same time is written at once: a burst costs a few transactions, one order its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from tradewire.store.database import StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Calls on one event loop, of which all that come while a write is under way share the next one.

    `batch` gets them in the order of the calls and returns one result for each. Where it raises for several,
    it is given them one by one, so that one bad item fails alone; a write that fails as such fails them all.
    """

    def __init__(
        self,
        write: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
        batch: Callable[[Connection, Sequence[Item]], Sequence[Result]],
        *,
        all_fail_on: tuple[type[Exception], ...] = (StoreUnavailable,),
    ) -> None:
        self._write = write
        self._batch = batch
        self._all_fail_on = all_fail_on
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """What `batch` returned for `item`, once it is stored; raises what it, or the write, raises."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                await self._store(taken)
        finally:
            self._writing = None

    async def _store(self, taken: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in taken]
        try:
            results = await self._write(lambda conn: self._batch(conn, items))
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            if len(taken) > 1 and not isinstance(error, self._all_fail_on):
                for one in taken:
                    await self._store([one])
                return
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(taken, results, strict=True):
            if not future.done():
                future.set_result(result)
