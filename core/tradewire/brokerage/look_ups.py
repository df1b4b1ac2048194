"""Looking UNKNOWN orders up until the broker has said what became of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import structlog

from tradewire.brokerage import queries
from tradewire.brokerage.outcomes import After, store_absent, store_found, store_inconclusive
from tradewire.brokerage.tenure import FencedStore, LeaseLost
from tradewire.brokerage.unusable import flaw
from tradewire.contract.broker import (
    Absent,
    Execution,
    FindResult,
    Found,
    Inconclusive,
    OrderState,
    OrderUpdate,
    Session,
)
from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.order import ChildOrder
from tradewire.settings import EngineSettings
from tradewire.store.database import StoreUnavailable

log = structlog.get_logger()


class LookUps:
    """Lives as long as one open session; one look-up per order at a time."""

    def __init__(
        self,
        store: FencedStore,
        clock: Clock,
        session: Session,
        settings: EngineSettings,
        apply: Callable[[Sequence[Execution | OrderUpdate]], Awaitable[None]],
        on_after: Callable[[str, After], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._session = session
        self._settings = settings
        self._apply = apply
        self._on_after = on_after
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, client_id: str) -> None:
        """Look an order up, again and again, until its fate is known or needs a person."""
        if client_id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._until_known(client_id))
            self._tasks[client_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(client_id, None))

    def stop(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def once(self, client_id: str) -> After:
        """One look; what is to be done next. Where it proved nothing, that is to look again later."""
        child = await self._store.read(partial(queries.open_child, client_id=client_id))
        if child is None:
            return After()
        since = child.sent_at or child.created_at
        found = await self._find(client_id, child)
        crashpoint("look_up.answered")
        if isinstance(found, Found):
            found = _adopted(found.order, child)
        now = self._clock.now()
        if isinstance(found, Found):
            order = found.order
            executions = [
                msgspec.structs.replace(one, client_id=client_id)
                for one in await self._session.executions(since)
                if _is_of(one, order)
            ]
            await self._store.write(partial(store_found, client_id=client_id, order=order, now=now))
            await self._apply([*executions, OrderUpdate(order=order, at=now)])
            # What was held back behind it goes out now.
            return After(due=True, send=True)
        if isinstance(found, Absent):
            dedupe = self._session.capabilities.dedupe
            return await self._store.write(
                partial(
                    store_absent,
                    client_id=client_id,
                    proof=found.proof,
                    dedupe=dedupe,
                    now=now,
                    seen=child.look_ups,
                )
            )
        await self._store.write(partial(store_inconclusive, client_id=client_id, now=now))
        return After(look_up=True)

    async def _until_known(self, client_id: str) -> None:
        pause = self._settings.lookup_base_s
        while True:
            try:
                after = await self.once(client_id)
                crashpoint("look_up.stored")
            except LeaseLost:
                return
            except StoreUnavailable as error:
                log.error("A look-up could not be stored.", order=client_id, error=str(error))
                after = After(look_up=True)
            except Exception as error:  # noqa: BLE001 - a broker that cannot be asked is asked again
                log.warning("A look-up failed.", order=client_id, error=f"{type(error).__name__}: {error}")
                after = After(look_up=True)
            if not after.look_up:
                self._on_after(client_id, after)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._settings.lookup_max_s)

    async def _find(self, client_id: str, child: ChildOrder) -> FindResult:
        since = child.sent_at or child.created_at
        timeout = self._settings.submit_timeout_s
        try:
            async with asyncio.timeout(timeout):
                return await self._session.find(client_id, since)
        except TimeoutError:
            return Inconclusive(cause=f"The broker did not answer within {timeout:.0f} s.")


def _adopted(order: OrderState, child: ChildOrder) -> Found | Inconclusive:
    """What the broker found as the order that was asked for, also where it has another name for it alone."""
    if (why := flaw(order)) is not None:
        return Inconclusive(cause=f"What the broker told of the order cannot be used: {why}.")
    told = (order.client_id or child.client_id, order.instrument_id, order.side)
    if told != (child.client_id, child.instrument_id, child.side):
        return Inconclusive(cause="The broker told of another order than the one that was asked for.")
    return Found(order=msgspec.structs.replace(order, client_id=child.client_id))


def _is_of(execution: Execution, order: OrderState) -> bool:
    if execution.client_id:
        return execution.client_id == order.client_id
    return bool(order.broker_order_id) and execution.broker_order_id == order.broker_order_id
