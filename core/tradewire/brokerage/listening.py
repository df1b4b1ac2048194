"""Hearing what one open session tells, and storing it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from tradewire.contract.broker import Execution, HealthChange, OrderUpdate, Session, StreamGap

log = structlog.get_logger()

Report = Execution | OrderUpdate


class Listening:
    """Reports are stored in their order, as many at once as have come in, while more are heard."""

    def __init__(
        self,
        account: str,
        session: Session,
        apply: Callable[[Sequence[Report]], Awaitable[None]],
        on_health: Callable[[HealthChange], Awaitable[None]],
        on_gap: Callable[[], Awaitable[None]],
    ) -> None:
        """`account` is its name, for the log."""
        self._account = account
        self._session = session
        self._apply = apply
        self._on_health = on_health
        self._on_gap = on_gap
        self._arrived: asyncio.Queue[Report | None] = asyncio.Queue()

    async def run(self) -> None:
        """Until the stream ends; raises what it raises, and what storing raises."""
        tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._store())]
        try:
            # What cannot be stored ends the session, and is not noticed only with the next event.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _hear(self) -> None:
        has_heard = False
        async for event in self._session.events():
            if isinstance(event, Report):
                has_heard = True
                self._arrived.put_nowait(event)
            elif isinstance(event, HealthChange):
                await self._on_health(event)
            elif isinstance(event, StreamGap):
                # A gap before anything else is what connecting looks like.
                if has_heard:
                    log.warning("Events may have been missed; comparing.", account=self._account)
                has_heard = True
                await self._on_gap()
        self._arrived.put_nowait(None)

    async def _store(self) -> None:
        while True:
            batch = [await self._arrived.get()]
            while not self._arrived.empty():
                batch.append(self._arrived.get_nowait())
            reports = [report for report in batch if report is not None]
            if reports:
                await self._apply(reports)
            if None in batch:
                return
