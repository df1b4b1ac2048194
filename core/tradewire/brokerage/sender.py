"""Sending one account's children: in order within a lane, side by side between lanes."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from tradewire.brokerage.outcomes import After, store_all_submitted, store_untransmitted
from tradewire.brokerage.release import Withheld, release_all
from tradewire.brokerage.spoken import spoken, understood
from tradewire.brokerage.tenure import FencedStore, LeaseLost, Tenure
from tradewire.brokerage.together import Together
from tradewire.contract.broker import OrderRequest, Session, SubmitResult, Unknown
from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.observer import UNOBSERVED, Observer, Stage
from tradewire.domain.order import ChildOrder
from tradewire.settings import EngineSettings
from tradewire.store.database import StoreInDoubt, StoreUnavailable

log = structlog.get_logger()

T = TypeVar("T")

#: What says nothing about any of the orders that were written together.
_NOBODYS_FAULT = (StoreUnavailable, LeaseLost)


class Sender:
    """Lives as long as one open session. `in_flight` are the ids whose transmission is under way."""

    def __init__(
        self,
        store: FencedStore,
        clock: Clock,
        session: Session,
        tenure: Tenure,
        settings: EngineSettings,
        on_after: Callable[[str, After], None],
        account: str = "",
        observer: Observer = UNOBSERVED,
    ) -> None:
        """`on_after(client_id, after)` is told what each outcome asks for."""
        self._store = store
        self._clock = clock
        self._session = session
        self._tenure = tenure
        self._settings = settings
        self._on_after = on_after
        self._account = account
        self._observer = observer
        self._release = Together(store.write, self._release_all, all_fail_on=_NOBODYS_FAULT)
        self._store_outcome = Together(store.write, self._store_outcomes, all_fail_on=_NOBODYS_FAULT)
        self._lanes: dict[str, deque[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ending = False
        self.in_flight: set[str] = set()

    def send(self, child: ChildOrder) -> None:
        """Queue a stored NEW child behind what its lane has to send; one that is queued already is left."""
        if child.client_id in self.in_flight:
            return
        self.in_flight.add(child.client_id)
        lane = self._lanes.get(child.instrument_id)
        if lane is not None:
            lane.append(child.client_id)
            return
        self._lanes[child.instrument_id] = deque([child.client_id])
        task = asyncio.get_running_loop().create_task(self._run(child.instrument_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, seconds: float) -> None:
        """Let the submissions under way end, at most so long; what is queued stays stored as NEW."""
        self._is_ending = True
        for lane in self._lanes.values():
            for client_id in lane:
                self.in_flight.discard(client_id)
            lane.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def _run(self, instrument_id: str) -> None:
        lane = self._lanes[instrument_id]
        put_back: set[str] = set()
        try:
            while lane:
                client_id = lane.popleft()
                behind = await self._send_or_look_up(client_id)
                # Once each: one that cannot be sent is left to the sweeper, with all that is behind it.
                if behind and client_id not in put_back and not self._is_ending:
                    put_back.add(client_id)
                    self._put_in_front(lane, (*behind, client_id))
        finally:
            # Whatever ended this: the next order of the lane must find a lane that runs.
            self.in_flight.difference_update(lane)
            del self._lanes[instrument_id]

    def _put_in_front(self, lane: deque[str], client_ids: Sequence[str]) -> None:
        for client_id in client_ids:
            if client_id in lane:
                lane.remove(client_id)
        lane.extendleft(reversed(client_ids))
        self.in_flight.update(client_ids)

    async def _send_or_look_up(self, client_id: str) -> tuple[str, ...]:
        """Send it; which orders are to be sent before it, where it could not be for that."""
        try:
            return await self._send_or_doubt(client_id)
        except StoreUnavailable as error:
            # It is stored as NEW, and the sweeper sends it.
            log.error("An order waits for the database.", order=client_id, error=str(error))
        except LeaseLost as error:
            # Its account is another process' now, which looks up what was sent.
            log.warning("An order is left to its account's new owner.", order=client_id, why=str(error))
        except Exception:
            log.exception("An order could not be sent.", order=client_id)
            self._on_after(client_id, After(look_up=True))
        finally:
            self.in_flight.discard(client_id)
        return ()

    async def _send_or_doubt(self, client_id: str) -> tuple[str, ...]:
        try:
            return await self._send(client_id)
        except StoreInDoubt as error:
            log.error("An order was not sent; whether it was marked as sent is unknown.", error=str(error))
            unsent = Unknown(cause="The database was lost at the last look, before anything was sent.")
            self._on_after(client_id, await self._stored(client_id, unsent))
            return ()

    async def _send(self, client_id: str) -> tuple[str, ...]:
        released = await self._release(client_id)
        if isinstance(released, Withheld):
            self._on_after(client_id, After(due=released.ended))
            return released.behind
        crashpoint("submit.released")
        if not self._tenure.outlasts(self._settings.submit_timeout_s):
            # This process stood still since the order was released: somebody else may act by now.
            log.warning("An order was held back because the account's lease ran out.", order=client_id)
            await self._until_stored(client_id, partial(self._put_back, client_id))
            return ()
        with self._observer.timed(Stage.SUBMIT):
            result = await self._submit(released)
        self._observer.submitted(self._account, type(result).__name__.lower())
        crashpoint("submit.sent")
        after = await self._stored(client_id, result)
        crashpoint("submit.stored")
        self._on_after(client_id, after)
        return ()

    async def _stored(self, client_id: str, result: SubmitResult) -> After:
        return await self._until_stored(client_id, partial(self._store_outcome, (client_id, result)))

    async def _until_stored(self, client_id: str, store: Callable[[], Awaitable[T]]) -> T:
        """Store what became of an order; it is never lost for want of a database."""
        while True:
            try:
                return await store()
            except StoreUnavailable as error:
                log.error("An order's outcome waits for the database.", order=client_id, error=str(error))
                await asyncio.sleep(self._settings.lookup_base_s)

    async def _put_back(self, client_id: str) -> None:
        await self._store.write(partial(store_untransmitted, client_id=client_id, now=self._clock.now()))

    def _release_all(self, conn: Connection, client_ids: Sequence[str]) -> list[OrderRequest | Withheld]:
        return release_all(
            conn,
            client_ids,
            lease=self._tenure.lease,
            now=self._clock.now(),
            submit_timeout_s=self._settings.submit_timeout_s,
            release_timeout_s=self._settings.release_timeout_s,
        )

    def _store_outcomes(self, conn: Connection, results: Sequence[tuple[str, SubmitResult]]) -> list[After]:
        afters = store_all_submitted(conn, results, self._clock.now())
        crashpoint("submit.outcome")
        return afters

    async def _submit(self, order: OrderRequest) -> SubmitResult:
        """One transmission. Whatever is not a definite answer is UNKNOWN."""
        timeout = self._settings.submit_timeout_s
        try:
            # In this very task: when the process stood still, nothing of it goes on past the time-out.
            async with asyncio.timeout(timeout):
                return understood(await self._session.submit(order))
        except TimeoutError:
            return Unknown(cause=f"The broker did not answer within {timeout:.0f} s.")
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            # Nobody cancelled us: an SDK let one of its own cancellations escape.
            return Unknown(cause="The session gave the submission up.")
        except Exception as error:  # noqa: BLE001 - what escapes a session says nothing about the order
            return Unknown(cause=spoken(f"The session failed with {type(error).__name__}: {error}"))
