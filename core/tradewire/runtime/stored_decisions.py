"""A person's decision on an order, where the order's account is served by another process."""

import asyncio
from functools import partial

from tradewire.brokerage import decisions
from tradewire.domain.clock import Clock
from tradewire.services.bells import Bells
from tradewire.store.database import Store

#: How long to wait for the worker; after it the decision is applied all the same, when one sweeps.
APPLIED_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.05


class StoredDecisions:
    """See `tradewire.services.resolution.Resolver`."""

    def __init__(self, store: Store, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def __call__(self, account_id: str, client_id: str) -> None:
        self._bells.work(account_id)
        deadline = self._clock.monotonic() + APPLIED_WITHIN_S
        while self._clock.monotonic() < deadline:
            waiting = await self._store.read(partial(decisions.waiting, account_id=account_id))
            if client_id not in {one.client_id for one in waiting}:
                return
            await asyncio.sleep(_LOOK_EVERY_S)
