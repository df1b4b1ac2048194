"""A person's decision on an order, where the order's account is served by another process."""

import asyncio
from functools import partial

from sqlalchemy import Connection, select

from tradewire.brokerage import decisions
from tradewire.domain.clock import Clock
from tradewire.services.bells import Bells
from tradewire.services.resolution import Decision, Filled
from tradewire.store.database import Store
from tradewire.store.schema import child_orders

#: How long to wait for the worker; after it the decision is applied all the same, when one sweeps.
APPLIED_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.05


class StoredDecisions:
    """See `tradewire.services.resolution.Resolver`."""

    def __init__(self, store: Store, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def __call__(self, client_id: str, decision: Decision) -> None:
        filled = (decision.quantity, decision.price) if isinstance(decision, Filled) else None
        stored = decisions.Decision(client_id=client_id, filled=filled)

        def leave(conn: Connection) -> str:
            account_id: str = conn.execute(
                select(child_orders.c.account_id).where(child_orders.c.client_id == client_id)
            ).scalar_one()
            decisions.put(conn, account_id, stored, self._clock.now())
            return account_id

        account_id = await self._store.write(leave)
        self._bells.work(account_id)
        deadline = self._clock.monotonic() + APPLIED_WITHIN_S
        while self._clock.monotonic() < deadline:
            if stored not in await self._store.read(partial(decisions.waiting, account_id=account_id)):
                return
            await asyncio.sleep(_LOOK_EVERY_S)
