"""How things stand, on one screen."""

from datetime import datetime

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.sql.elements import ColumnElement

from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.order import ChildState, ParentState
from tradewire.domain.switch import SwitchState
from tradewire.engine.roll import read_roll
from tradewire.plugins import Plugins, PluginState
from tradewire.services.restorations import Restoration, standing
from tradewire.store.database import Store
from tradewire.store.schema import accounts, algorithms, child_orders, keys, parent_orders, signals, switches


class Status(Struct):
    """`engine`: whether orders are being worked. Counts are of what is stored now. `restoration`: an older
    database that waits for a person to confirm it."""

    version: str
    engine: bool
    now: datetime
    accounts: int
    algorithms: int
    algorithms_started: int
    keys: int
    signals: int
    signals_waiting: int
    orders_live: int
    orders_unknown: int
    orders_paused: int
    switches_off: int
    plugins_quarantined: int
    last_signal_at: datetime | None
    restoration: Restoration | None = None


class Overview:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        plugins: Plugins,
        version: str,
        *,
        engine: bool,
        lease_s: float | None = None,
    ) -> None:
        """`engine`: whether this process works orders; `lease_s` where others may, while they are heard."""
        self._store = store
        self._clock = clock
        self._plugins = plugins
        self._version = version
        self._engine = engine
        self._lease_s = lease_s

    async def status(self) -> Status:
        now = self._clock.now()
        broken = sum(one.state is PluginState.QUARANTINED for one in self._plugins.records)

        def unit(conn: Connection) -> Status:
            started = algorithms.c.state == AlgorithmState.STARTED.value
            return Status(
                version=self._version,
                engine=self._engine or self._has_worker(conn, now),
                now=now,
                accounts=_count(conn, accounts),
                algorithms=_count(conn, algorithms),
                algorithms_started=_count(conn, algorithms, started),
                keys=_count(conn, keys, keys.c.revoked_at.is_(None)),
                signals=_count(conn, signals),
                signals_waiting=_count(conn, signals, signals.c.routed_at.is_(None)),
                orders_live=_count(conn, parent_orders, parent_orders.c.ended_at.is_(None)),
                orders_unknown=_count(conn, child_orders, child_orders.c.state == ChildState.UNKNOWN.value),
                orders_paused=_count(conn, parent_orders, parent_orders.c.state == ParentState.PAUSED.value),
                switches_off=_count(conn, switches, switches.c.state != SwitchState.ACTIVE.value),
                plugins_quarantined=broken + len(self._plugins.quarantined),
                last_signal_at=conn.execute(
                    select(signals.c.received_at).order_by(signals.c.seq.desc()).limit(1)
                ).scalar(),
                restoration=standing(conn),
            )

        return await self._store.read(unit)

    def _has_worker(self, conn: Connection, now: datetime) -> bool:
        return self._lease_s is not None and any(
            worker.is_alive for worker in read_roll(conn, now, self._lease_s)
        )


def _count(conn: Connection, table: Table, where: ColumnElement[bool] | None = None) -> int:
    query = select(func.count()).select_from(table)
    counted: int = conn.execute(query if where is None else query.where(where)).scalar_one()
    return counted
