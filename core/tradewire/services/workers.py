"""The workers on this database: who is alive, and which accounts each of them serves."""

import os
from datetime import datetime
from enum import StrEnum
from functools import partial
from socket import gethostname

from sqlalchemy import Connection, select

from tradewire.brokerage.leases import shared_now
from tradewire.brokerage.worker_report import AccountStanding
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.engine.roll import WorkerRow, read_roll
from tradewire.store.database import Store
from tradewire.store.schema import accounts

#: Whoever has told of itself within this part of a lease, two sweeps, is running.
_HEARD = 1 / 3


class ServedView(Struct):
    """An account as its worker tells of it: connected and compared (`ready`), or why not."""

    account: str
    ready: bool
    why_not: str | None


class WorkerState(StrEnum):
    """SILENT: it has missed more than one sign of life, and its leases go on. GONE: others may take them."""

    RUNNING = "running"
    SILENT = "silent"
    GONE = "gone"


class WorkerView(Struct):
    """`url` is where its health is asked; `heard_at` when it last told of itself, `heard_s` how many seconds
    ago. One that is gone serves no `accounts`."""

    id: str
    host: str
    pid: int
    version: str
    url: str | None
    started_at: datetime
    heard_s: float
    heard_at: datetime
    alive: bool
    state: WorkerState
    accounts: tuple[ServedView, ...]


class WorkerList(Struct):
    """`unserved` names the accounts whose orders nobody works just now."""

    items: tuple[WorkerView, ...]
    unserved: tuple[str, ...]


class Workers:
    def __init__(
        self, store: Store, clock: Clock, lease_s: float, *, nobody: bool = False, host: str | None = None
    ) -> None:
        """`nobody`: no other process can be at work on this database, and this one is not. `host` is the
        machine's name, of whose processes it can be seen whether they are there."""
        self._nobody = nobody
        self._host = host or gethostname()
        self._store = store
        self._clock = clock
        self._lease_s = lease_s

    async def list(self) -> WorkerList:
        return await self._store.read(partial(self._list, now=self._clock.now()))

    def _list(self, conn: Connection, now: datetime) -> WorkerList:
        moment = shared_now(conn, now)
        names = {row.id: row.name for row in conn.execute(select(accounts.c.id, accounts.c.name))}
        found = read_roll(conn, now, self._lease_s)
        items = tuple(self._view(one, names, moment) for one in found)
        served = {account.account for one in items for account in one.accounts}
        return WorkerList(
            items=items, unserved=tuple(sorted(name for name in names.values() if name not in served))
        )

    def _view(self, row: WorkerRow, names: dict[str, str], now: datetime) -> WorkerView:
        told = {one.account_id: one for one in row.report.accounts}
        heard_s = max((now - row.heartbeat).total_seconds(), 0.0)
        state = self._state(row, heard_s)
        serves = () if state is WorkerState.GONE else row.accounts
        return WorkerView(
            id=row.id,
            host=row.host,
            pid=row.pid,
            version=row.version,
            url=row.url,
            started_at=row.started_at,
            heard_s=round(heard_s, 1),
            heard_at=row.heartbeat,
            alive=state is not WorkerState.GONE,
            state=state,
            accounts=tuple(_served(names.get(one, one), told.get(one)) for one in serves),
        )

    def _state(self, row: WorkerRow, heard_s: float) -> WorkerState:
        if self._nobody or not row.is_alive:
            return WorkerState.GONE
        if heard_s <= self._lease_s * _HEARD:
            return WorkerState.RUNNING
        return WorkerState.GONE if row.host == self._host and not _is_there(row.pid) else WorkerState.SILENT


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _served(name: str, told: AccountStanding | None) -> ServedView:
    if told is None:
        return ServedView(account=name, ready=False, why_not="not told of yet")
    return ServedView(account=name, ready=told.ready, why_not=None if told.ready else told.why_not)
