"""Which accounts this process serves: taking leases, keeping them, and letting go of what was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection, select

from tradewire.brokerage import leases
from tradewire.brokerage.leases import Lease
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.tenure import Tenure
from tradewire.brokerage.worker_report import report_of
from tradewire.domain.account import Account
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.engine import roll
from tradewire.engine.roll import Roll, WorkerIdentity
from tradewire.settings import EngineSettings
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.schema import accounts

log = structlog.get_logger()

#: An account that stays free for so many sweeps is taken by whoever sees it, share or not.
PATIENCE_SWEEPS = 2
#: How long submissions under way may take when an account is handed over in good order.
FINISH_S = 5.0


class Served(Struct):
    """An account to serve, with its sealed credentials."""

    account: Account
    credentials: bytes | None


class Claims:
    """Runs on the I/O loop; `holds` may be asked from any thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: EngineSettings,
        memory: MarketMemory,
        me: WorkerIdentity,
        serve: Callable[[Served, Tenure], None],
        leave: Callable[[str, float], Awaitable[None]],
        offer: Callable[[str], None],
    ) -> None:
        """`serve` opens an account's session, `leave(account_id, seconds)` closes it and gives submissions so
        long, `offer(account_id)` tells the other processes that an account is free."""
        self._store = store
        self._clock = clock
        self._settings = settings
        self._memory = memory
        self._me = me
        self._serve = serve
        self._leave = leave
        self._offer = offer
        self._tenures: dict[str, Tenure] = {}
        self._names: dict[str, str] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._free_since: dict[str, float] = {}
        self._share = 1
        self._is_taking = True
        self._taking = asyncio.Lock()

    def holds(self, account_id: str) -> bool:
        """Whether this process acts for the account now."""
        tenure = self._tenures.get(account_id)
        return tenure is not None and tenure.outlasts(0)

    def held(self) -> tuple[str, ...]:
        """The accounts that this process serves."""
        return tuple(self._tenures)

    def leaving(self) -> tuple[asyncio.Task[None], ...]:
        """The sessions that are being closed because their accounts were lost or handed over."""
        return tuple(self._leaving.values())

    def take_no_more(self) -> None:
        """From now on accounts are only kept, because this process stops."""
        self._is_taking = False

    def told_at(self, url: str) -> None:
        """Where this process' health is asked, for the roll."""
        self._me = msgspec.structs.replace(self._me, url=url)

    async def sweep(self) -> None:
        """Keep what is held, let go of what is lost, take what is free; raises `StoreUnavailable`."""
        asked_at = self._clock.monotonic()
        epochs = {account_id: one.lease.epoch for account_id, one in self._tenures.items()}
        try:
            found = await self._store.write(
                partial(
                    roll.answer,
                    me=self._me,
                    report=report_of(self._memory, epochs),
                    epochs=epochs,
                    now=self._clock.now(),
                    lease_s=self._settings.lease_s,
                    sweep_s=self._settings.sweep_s,
                )
            )
        except StoreUnavailable:
            self._let_go(account_id for account_id in epochs if not self.holds(account_id))
            raise
        for account_id in found.held & self._tenures.keys():
            self._tenures[account_id].prolong(asked_at + self._settings.lease_s)
        lost = [one for one in epochs if one not in found.held or not self.holds(one)]
        self._let_go(lost, found.removed)
        self._share = found.share
        await self._take_free(found.free)
        self._hand_over(found)

    async def claim(self, account_id: str) -> None:
        """Take an account that somebody rang for, if it is free and within this worker's share."""
        try:
            await self._claim(account_id)
        except StoreUnavailable as error:
            log.warning("A claim waits for the database.", account=account_id, error=str(error))

    async def _claim(self, account_id: str) -> None:
        if not self._has_room():
            # It may be a new one, which makes every share larger.
            self._share = await self._store.read(
                partial(roll.share, now=self._clock.now(), lease_s=self._settings.lease_s)
            )
        if self._has_room():
            await self._take(account_id)

    def give_back(self) -> tuple[str, ...]:
        """Off the roll, with every lease given back, so that others need not wait for its end.

        Returns the accounts. Blocks, and is called when the loop has ended.
        """
        held = tuple(self._tenures)
        self._tenures.clear()
        self._store.write_now(partial(roll.leave, me=self._me))
        return held

    def _has_room(self) -> bool:
        return self._is_taking and len(self._tenures) < self._share

    async def _take_free(self, free: Iterable[str]) -> None:
        now = self._clock.monotonic()
        self._free_since = {one: self._free_since.get(one, now) for one in free}
        patience = PATIENCE_SWEEPS * self._settings.sweep_s
        for account_id, since in self._free_since.items():
            if self._has_room() or (self._is_taking and now - since > patience):
                await self._take(account_id)

    async def _take(self, account_id: str) -> None:
        async with self._taking:
            if account_id in self._tenures or account_id in self._leaving:
                return
            asked_at = self._clock.monotonic()
            taken = await self._store.write(
                partial(
                    _taken,
                    account_id=account_id,
                    owner=self._me.id,
                    now=self._clock.now(),
                    lease_s=self._settings.lease_s,
                )
            )
            if taken is None:
                return
            served, lease = taken
            until = asked_at + self._settings.lease_s
            tenure = self._tenures[account_id] = Tenure(account_id, lease, until, self._clock)
            self._names[account_id] = served.account.name
        log.info("The account is served here.", account=served.account.name, epoch=lease.epoch)
        self._serve(served, tenure)

    def _let_go(self, lost: Iterable[str], removed: frozenset[str] = frozenset()) -> None:
        """Leave accounts that are gone, or whose lease is another's or ran out; nothing is sent for them any
        more."""
        for account_id in tuple(lost):
            name = self._names.get(account_id, account_id)
            if account_id in removed:
                log.info("The account was removed; its session is closed.", account=name)
            else:
                log.warning("An account's lease was lost; its session is closed.", account=name)
            self._end(account_id, 0.0)

    def _hand_over(self, found: Roll) -> None:
        """Of more than a fair share, give one account a sweep to those who have less."""
        spare = sorted(found.idle & self._tenures.keys())
        many = len(self._tenures)
        if not self._is_taking or many <= found.share or found.least is None:
            return
        if found.least + 1 < many and spare:
            name = self._names.get(spare[0], spare[0])
            log.info("An account is handed over to another worker.", account=name)
            self._end(spare[0], FINISH_S, give_back=True)

    def _end(self, account_id: str, seconds: float, *, give_back: bool = False) -> None:
        tenure = self._tenures.pop(account_id)
        self._names.pop(account_id, None)
        leaving = asyncio.get_running_loop().create_task(self._left(account_id, tenure, seconds, give_back))
        self._leaving[account_id] = leaving
        leaving.add_done_callback(lambda _: self._leaving.pop(account_id, None))
        if not give_back:
            tenure.end()

    async def _left(self, account_id: str, tenure: Tenure, seconds: float, give_back: bool) -> None:
        await self._leave(account_id, seconds)
        tenure.end()
        if not give_back:
            return
        try:
            await self._store.write(
                partial(leases.give_back, owner=tenure.lease.owner, account_ids=[account_id])
            )
        except StoreUnavailable as error:
            log.warning("A lease could not be given back; it runs out by itself.", error=str(error))
        self._offer(account_id)


def _taken(
    conn: Connection, account_id: str, owner: str, now: datetime, lease_s: float
) -> tuple[Served, Lease] | None:
    # Nobody changes or removes it meanwhile: it would be served with fields that it no longer has.
    mine = select(accounts.c.document, accounts.c.credentials).where(accounts.c.id == account_id)
    row = conn.execute(mine.with_for_update(read=True)).one_or_none()
    lease = None if row is None else leases.take(conn, account_id, owner, now, lease_s)
    if row is None or lease is None:
        return None
    return Served(account=row.document, credentials=row.credentials), lease
