"""Asking for cancels until it is clear that the broker was asked."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from tradewire.brokerage import queries
from tradewire.brokerage.look_ups import LookUps
from tradewire.brokerage.outcomes import After
from tradewire.brokerage.tenure import FencedStore, LeaseLost, Tenure
from tradewire.contract.broker import CancelOutcome, OrderRef, Session
from tradewire.crashpoints import crashpoint
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.settings import EngineSettings

log = structlog.get_logger()


class Cancels:
    """Lives as long as one open session; one task per order at a time."""

    def __init__(
        self,
        store: FencedStore,
        session: Session,
        tenure: Tenure,
        settings: EngineSettings,
        look_ups: LookUps,
        on_after: Callable[[str, After], None],
    ) -> None:
        self._store = store
        self._session = session
        self._tenure = tenure
        self._settings = settings
        self._look_ups = look_ups
        self._on_after = on_after
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, child: ChildOrder) -> None:
        """Have an order cancelled; its end comes as a report."""
        if child.client_id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._until_asked(child))
            self._tasks[child.client_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(child.client_id, None))

    def stop(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def _until_asked(self, child: ChildOrder) -> None:
        current: ChildOrder | None = child
        pause = self._settings.lookup_base_s
        while current is not None:
            try:
                if await self._requested(current):
                    return
            except LeaseLost:
                return
            except Exception as error:  # noqa: BLE001 - a cancel that may not have arrived is asked for again
                log.warning(
                    "A cancel failed.", order=child.client_id, error=f"{type(error).__name__}: {error}"
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._settings.lookup_max_s)
            current = await self._current(current)

    async def _requested(self, child: ChildOrder) -> bool:
        """Whether the broker has taken the cancel; otherwise the order is asked what became of it."""
        if child.state is ChildState.NEW:
            # Found never to have arrived: the last look before it goes out again withdraws it.
            self._on_after(child.client_id, After(send=True))
            return False
        ref = OrderRef(
            client_id=child.client_id,
            broker_order_id=child.broker_order_id,
            instrument_id=child.instrument_id,
        )
        crashpoint("cancel.asking")
        if not self._tenure.outlasts(self._settings.submit_timeout_s):
            return False
        async with asyncio.timeout(self._settings.submit_timeout_s):
            outcome = await self._session.cancel(ref)
        crashpoint("cancel.asked")
        if outcome is CancelOutcome.REQUESTED:
            return True
        self._on_after(child.client_id, await self._look_ups.once(child.client_id))
        return False

    async def _current(self, child: ChildOrder) -> ChildOrder | None:
        try:
            return await self._store.read(partial(queries.open_child, client_id=child.client_id))
        except Exception as error:  # noqa: BLE001 - while it cannot be read it is taken as it was
            log.warning("A cancel waits for the database.", order=child.client_id, error=str(error))
            return child
