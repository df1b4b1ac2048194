"""The workers on this database: who is alive, and which accounts each of them serves."""

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from tradewire.brokerage.leases import shared_now
from tradewire.brokerage.worker_report import AccountStanding
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.engine.roll import WorkerRow, read_roll
from tradewire.store.database import Store
from tradewire.store.schema import accounts


class ServedView(Struct):
    """An account as its worker tells of it: connected and compared (`ready`), or why not."""

    account: str
    ready: bool
    why_not: str | None


class WorkerView(Struct):
    """`url` is where its health is asked; `heard_s` how many seconds ago it last told of itself."""

    id: str
    host: str
    pid: int
    version: str
    url: str | None
    started_at: datetime
    heard_s: float
    alive: bool
    accounts: tuple[ServedView, ...]


class WorkerList(Struct):
    """`unserved` names the accounts whose orders nobody works just now."""

    items: tuple[WorkerView, ...]
    unserved: tuple[str, ...]


class Workers:
    def __init__(self, store: Store, clock: Clock, lease_s: float) -> None:
        self._store = store
        self._clock = clock
        self._lease_s = lease_s

    async def list(self) -> WorkerList:
        return await self._store.read(partial(self._list, now=self._clock.now()))

    def _list(self, conn: Connection, now: datetime) -> WorkerList:
        moment = shared_now(conn, now)
        names = {row.id: row.name for row in conn.execute(select(accounts.c.id, accounts.c.name))}
        found = read_roll(conn, now, self._lease_s)
        served = {account for one in found if one.is_alive for account in one.accounts}
        return WorkerList(
            items=tuple(_view(one, names, moment) for one in found),
            unserved=tuple(sorted(name for id, name in names.items() if id not in served)),
        )


def _view(row: WorkerRow, names: dict[str, str], now: datetime) -> WorkerView:
    told = {one.account_id: one for one in row.report.accounts}
    return WorkerView(
        id=row.id,
        host=row.host,
        pid=row.pid,
        version=row.version,
        url=row.url,
        started_at=row.started_at,
        heard_s=round(max((now - row.heartbeat).total_seconds(), 0.0), 1),
        alive=row.is_alive,
        accounts=tuple(_served(names.get(one, one), told.get(one)) for one in row.accounts),
    )


def _served(name: str, told: AccountStanding | None) -> ServedView:
    if told is None:
        return ServedView(account=name, ready=False, why_not="not told of yet")
    return ServedView(account=name, ready=told.ready, why_not=None if told.ready else told.why_not)
