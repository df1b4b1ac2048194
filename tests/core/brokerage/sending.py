"""A sender to test: a session that notes what it is sent, and a store that fails as scripted."""

import asyncio
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

from sqlalchemy import Connection

from core.engine.bench import Bench
from tradewire import Accepted, OrderRequest
from tradewire.brokerage.outcomes import After
from tradewire.brokerage.sender import Sender
from tradewire.brokerage.tenure import FencedStore, Tenure
from tradewire.contract.broker import SubmitResult
from tradewire.domain.order import ChildOrder
from tradewire.settings import EngineSettings
from tradewire.store.database import Store


class Answering:
    """A session that notes what it is sent, and answers by symbol; an answer may be an exception."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: dict[str, Callable[[], Coroutine[Any, Any, SubmitResult]]] = {}

    async def submit(self, order: OrderRequest) -> SubmitResult:
        self.sent.append(order.client_id)
        answer = self.answers.get(order.instrument.id)
        return await answer() if answer is not None else Accepted(broker_order_id=f"b-{order.client_id}")


class Failing:
    """A store whose writes fail as scripted before they work."""

    def __init__(self, store: Store, *errors: Exception | None) -> None:
        self._store, self._errors = store, list(errors)

    async def write(self, unit: Callable[[Connection], Any]) -> Any:
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return await self._store.write(unit)


def sender_of(
    bench: Bench, session: Answering, store: Any = None, tenure: Tenure | None = None
) -> tuple[Sender, list[tuple[str, After]]]:
    told: list[tuple[str, After]] = []
    settings = EngineSettings(lookup_base_s=0.001)
    tenure = tenure or Tenure("acc", bench.leases["acc"], inf, bench.clock)
    sender = Sender(
        FencedStore(store or bench.store, tenure),
        bench.clock,
        session,  # type: ignore[arg-type]
        tenure,
        settings,
        lambda client_id, after: told.append((client_id, after)),
    )
    return sender, told


def children_for(bench: Bench, *symbols: str) -> list[ChildOrder]:
    for symbol in symbols:
        bench.ask(symbol=symbol)
    return bench.children()


async def everything(sender: Sender, *but: str) -> None:
    """Until nothing is under way, whatever of `but` may be."""
    for _ in range(100_000):
        if not sender.in_flight - set(but):
            return
        await asyncio.sleep(0)
    raise AssertionError(f"still under way: {sender.in_flight}")
