"""A fault on purpose, so that the demo can show that it would be found. Inert unless the variable is set."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection, select, update

from tradewire.domain.clock import Clock
from tradewire.store.database import Store
from tradewire.store.schema import signals

#: Not a setting, hence outside their prefix; `tradewire demo --sabotage drop` sets it for its own process.
VARIABLE = "_TRADEWIRE_SABOTAGE"
DROP = "drop"


def sabotaged(
    on_accepted: Callable[[], None], store: Store, clock: Clock, environment: Mapping[str, str]
) -> Callable[[], None]:
    """`on_accepted` itself, or with DROP one that has the first signal forgotten after its 200."""
    if environment.get(VARIABLE) != DROP:
        return on_accepted
    return _Dropping(on_accepted, store, clock)


class _Dropping:
    def __init__(self, on_accepted: Callable[[], None], store: Store, clock: Clock) -> None:
        self._on_accepted = on_accepted
        self._store = store
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._dropped = False

    def __call__(self) -> None:
        if self._dropped:
            self._on_accepted()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drop())

    async def _drop(self) -> None:
        self._dropped = await self._store.write(partial(_forget_one, self._clock))
        self._on_accepted()


def _forget_one(clock: Clock, conn: Connection) -> bool:
    """Mark the oldest unrouted signal as done with; whether there was one."""
    oldest = conn.execute(
        select(signals.c.id).where(signals.c.routed_at.is_(None)).order_by(signals.c.seq).limit(1)
    ).scalar()
    if oldest is None:
        return False
    conn.execute(update(signals).where(signals.c.id == oldest).values(routed_at=clock.now()))
    return True
