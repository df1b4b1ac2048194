"""What is open, executed and held at one open session's broker, against what is stored."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog

from tradewire.brokerage import queries, reconcile
from tradewire.brokerage.look_ups import LookUps
from tradewire.brokerage.market_memory import SessionStanding
from tradewire.brokerage.outcomes import After, store_lost
from tradewire.brokerage.tenure import FencedStore
from tradewire.brokerage.unusable import figure, flaw_of_position
from tradewire.contract.broker import AccountConfig, BrokerPosition, Execution, OrderUpdate, Session
from tradewire.domain.clock import Clock
from tradewire.settings import EngineSettings

T = TypeVar("T")

log = structlog.get_logger()

#: Executions are asked for from so much before the last one that is stored.
OVERLAP = timedelta(hours=1)
#: A difference of positions is looked at again after these pauses before it counts.
COMPARE_PAUSES_S = (0.2, 1.0, 2.0)
#: A broker that has not answered a question for so long is taken as not connected.
ANSWER_S = 30.0


class Comparison:
    """Lives as long as one open session. What the broker does not answer raises; then it is opened again."""

    def __init__(
        self,
        config: AccountConfig,
        store: FencedStore,
        clock: Clock,
        session: Session,
        settings: EngineSettings,
        standing: SessionStanding,
        look_ups: LookUps,
        apply: Callable[[Sequence[Execution | OrderUpdate]], Awaitable[None]],
        on_after: Callable[[str, After], None],
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._session = session
        self._settings = settings
        self._standing = standing
        self._look_ups = look_ups
        self._apply = apply
        self._on_after = on_after

    async def everything(self, in_flight: Collection[str]) -> None:
        """Orders, executions, positions, balances; `in_flight` are the transmissions under way."""
        unknown = await self._store.write(
            partial(
                store_lost,
                account_id=self._config.id,
                keep=frozenset(in_flight),
                now=self._clock.now(),
            )
        )
        await self.orders(unknown)
        await self._positions()
        balances = await self._asked("the balances", self._session.balances())
        self._standing.cash = figure(balances.cash) if balances is not None else None
        self._standing.equity = figure(balances.equity) if balances is not None else None
        self._standing.equity_at = self._clock.now()

    async def orders(self, unknown: Sequence[str] = ()) -> None:
        """What streams lose: executions, and orders that ended unheard. The `unknown` are looked up too."""
        account_id = self._config.id
        orders = await self._asked("the open orders", self._session.open_orders())
        await self.executions()
        await self._apply([OrderUpdate(order=order, at=self._clock.now()) for order in orders])
        gone = await self._store.read(partial(queries.gone, account_id=account_id, orders=orders))
        await self._look_up((*unknown, *gone))
        self._standing.foreign = await self._store.read(
            partial(reconcile.foreign_orders, account_id=account_id, orders=orders)
        )

    async def executions(self) -> None:
        """Fetch and store what was executed since the last that is stored, and since what is missing."""
        account_id = self._config.id
        now = self._clock.now()
        last = await self._store.read(partial(reconcile.last_fill_at, account_id=account_id, now=now))
        since = last - OVERLAP if last is not None else now - timedelta(days=1)
        awaiting = await self._store.read(partial(queries.awaiting, account_id=account_id))
        since = min([since, *(child.sent_at or child.created_at for child in awaiting)])
        await self._apply(await self._asked("the executions", self._session.executions(since)))

    async def until_executions_are_there(self) -> None:
        """Fetch again and again while orders are reported filled by more than their executions show."""
        pause = self._settings.lookup_base_s
        while await self._store.read(partial(queries.awaiting, account_id=self._config.id)):
            try:
                await self.executions()
            except Exception as error:  # noqa: BLE001 - a broker that cannot be asked is asked again
                log.warning("Executions are missing.", account=self._config.name, error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._settings.lookup_max_s)

    async def _look_up(self, client_ids: Sequence[str]) -> None:
        """Once each; after the first that stays open the rest is left to be looked up by and by, so that a
        broker that is slow to find one order does not keep all others waiting."""
        is_slow = False
        for client_id in client_ids:
            after = After(look_up=True) if is_slow else await self._look_ups.once(client_id)
            is_slow = after.look_up
            self._on_after(client_id, after)

    async def _positions(self) -> None:
        """A fill may come between two questions, so a difference counts only when it stays the same."""
        account_id = self._config.id
        standing: tuple[reconcile.Drift, ...] | None = None
        for pause in COMPARE_PAUSES_S:
            held = await self._held()
            found = await self._store.read(partial(reconcile.drifts, account_id=account_id, held=held))
            standing = tuple(one for one in found if standing is None or one in standing)
            if not standing:
                break
            await asyncio.sleep(pause)
            await self.executions()
        drifts = await self._store.write(
            partial(
                reconcile.store_compared,
                account_id=account_id,
                held=await self._held(),
                standing=standing or (),
                now=self._clock.now(),
            )
        )
        for drift in drifts:
            log.error("The broker's position drifted; the account is halted.", instrument=drift.instrument_id)

    async def _held(self) -> Sequence[BrokerPosition]:
        """What is held; one position that cannot be read leaves the account as not compared."""
        held = await self._asked("the positions", self._session.positions())
        for one in held:
            if (why := flaw_of_position(one)) is not None:
                raise ConnectionError(f"A position that the broker tells cannot be used: {why}.")
        return held

    async def _asked(self, what: str, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise ConnectionError(f"The broker did not tell {what} within {ANSWER_S:.0f} s.") from None
