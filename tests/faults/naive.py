"""Two relays as they are often written, to show that the checker finds what they do. For lives of a nursery.

Neither is part of Tradewire: a life that is told to by the variable is changed right before it begins.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

#: For a life of a nursery only; outside the prefix of the settings, since it is none.
VARIABLE = "_NAIVE"
ACKNOWLEDGES_FIRST = "acknowledges_first"
RESENDS_BLINDLY = "resends_blindly"

#: How long what was acknowledged stays in memory only.
LATER_S = 0.1


def become(environment: Mapping[str, str]) -> None:
    """Be as naive as the environment says; nothing where it says nothing."""
    mode = environment.get(VARIABLE)
    if mode == ACKNOWLEDGES_FIRST:
        _acknowledge_first()
    elif mode == RESENDS_BLINDLY:
        _resend_blindly()


def _acknowledge_first() -> None:
    """Answers 200 from memory and stores a moment later, as relays with an in-memory queue do."""
    from tradewire.ingress.arrival import Arrival, Outcome, Stored
    from tradewire.ingress.commit import Commit

    stored = Commit.__call__
    tasks: set[asyncio.Task[None]] = set()

    async def hasty(self: Commit, arrival: Arrival, within_s: float) -> Outcome:
        async def later() -> None:
            await asyncio.sleep(LATER_S)
            await stored(self, arrival, within_s)

        task = asyncio.get_running_loop().create_task(later())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return Outcome(stored=Stored.ACCEPTED)

    Commit.__call__ = hasty  # type: ignore[method-assign]


def _resend_blindly() -> None:
    """Takes a lost answer for a lost order, and sends it again as a new one."""
    import msgspec

    from tradewire.brokerage.outcomes import store_submitted
    from tradewire.brokerage.sender import Sender
    from tradewire.contract.broker import OrderRequest, SubmitResult, Unknown

    submit = Sender._submit

    async def blind(self: Sender, order: OrderRequest) -> SubmitResult:
        result = await submit(self, order)
        if isinstance(result, Unknown):
            twin, now = uuid4().hex, self._clock.now()
            await self._store.write(partial(_twin, original=order.client_id, twin=twin, now=now))
            again = await submit(self, msgspec.structs.replace(order, client_id=twin))
            await self._store.write(partial(store_submitted, client_id=twin, result=again, now=now))
        return result

    Sender._submit = blind  # type: ignore[method-assign]


def _twin(conn: Any, original: str, twin: str, now: datetime) -> None:
    """A second order for what may have been executed already, written down as any other."""
    import msgspec
    from sqlalchemy import insert, select

    from tradewire.brokerage.release import content_of, entry_of_child
    from tradewire.domain.ledger import EntryKind
    from tradewire.domain.order import ChildState
    from tradewire.ledger.append import append
    from tradewire.state.rows import child_of, columns, parent_of
    from tradewire.store.schema import child_orders, parent_orders

    row = conn.execute(select(child_orders).where(child_orders.c.client_id == original)).one()
    child = msgspec.structs.replace(child_of(row), client_id=twin, state=ChildState.SENT)
    parent = parent_of(conn.execute(select(parent_orders).where(parent_orders.c.id == child.parent_id)).one())
    conn.execute(insert(child_orders).values(**columns(child)))
    place = {"leg": child.leg, "slice": child.slice, "generation": child.generation}
    what = content_of(child)
    made = entry_of_child(parent, child, EntryKind.CHILD_CREATED, now, None, None, **place, **what)
    sent = entry_of_child(parent, child, EntryKind.CHILD_SENT, now, None, None, **what)
    append(conn, [made, sent])
