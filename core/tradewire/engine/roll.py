"""The roll of workers: who is alive, what each serves, and what is free to be taken."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.brokerage import leases as leasing
from tradewire.brokerage.worker_report import WorkerReport
from tradewire.domain.base import Struct
from tradewire.store.schema import accounts, child_orders, leases, parent_orders, workers

#: How long the row of a worker that is gone is kept.
KEPT = timedelta(days=1)
#: Who has not told of itself for so many sweeps is given nothing.
HEARD_SWEEPS = 2


class WorkerIdentity(Struct):
    """This process among the workers. `url` is where its health is asked; `life` is new with every start."""

    id: str
    life: str
    host: str
    pid: int
    version: str
    started_at: datetime
    url: str | None = None


class Roll(Struct):
    """`held`: which of one's leases go on. `removed`: which of them were of accounts that are there no more.
    `free`: accounts that nobody holds. `share`: how many accounts each worker may take while others are there
    to take the rest. `idle`: held, with nothing under way. `least`: how many accounts the least laden of the
    others holds that were heard just now."""

    held: frozenset[str]
    removed: frozenset[str]
    free: tuple[str, ...]
    share: int
    idle: frozenset[str]
    least: int | None


class WorkerRow(Struct):
    """One worker as it last told of itself; `is_alive` by the database's clock."""

    id: str
    host: str
    pid: int
    version: str
    url: str | None
    started_at: datetime
    heartbeat: datetime
    is_alive: bool
    report: WorkerReport
    accounts: tuple[str, ...]


def answer(
    conn: Connection,
    me: WorkerIdentity,
    report: WorkerReport,
    epochs: Mapping[str, int],
    now: datetime,
    lease_s: float,
    sweep_s: float,
) -> Roll:
    """Sign the roll and prolong the leases taken in `epochs`; what there is to do about the others."""
    moment = leasing.shared_now(conn, now)
    _sign(conn, me, report, moment)
    held = leasing.renew(conn, me.id, epochs, now, lease_s)
    everyone = list(conn.execute(select(accounts.c.id).order_by(accounts.c.name)).scalars())
    others = {
        row.account_id: row.owner
        for row in conn.execute(
            select(leases.c.account_id, leases.c.owner).where(
                leases.c.owner != me.id, leases.c.until > moment
            )
        )
    }
    heard = conn.execute(
        select(workers.c.id).where(
            workers.c.id != me.id, workers.c.heartbeat > moment - timedelta(seconds=HEARD_SWEEPS * sweep_s)
        )
    ).scalars()
    laden = Counter(others.values())
    return Roll(
        held=held,
        removed=frozenset(epochs).difference(everyone),
        free=tuple(one for one in everyone if one not in others and one not in held),
        share=share(conn, moment, lease_s),
        idle=held - _busy(conn),
        least=min((laden[one] for one in heard), default=None),
    )


def share(conn: Connection, now: datetime, lease_s: float) -> int:
    """How many accounts each living worker serves where all serve equally many, rounded up."""
    since = leasing.shared_now(conn, now) - timedelta(seconds=lease_s)
    living = select(func.count()).select_from(workers).where(workers.c.heartbeat > since)
    there = select(func.count()).select_from(accounts)
    return math.ceil(conn.execute(there).scalar_one() / max(conn.execute(living).scalar_one(), 1))


def leave(conn: Connection, me: WorkerIdentity) -> None:
    """Off the roll, with every lease given back."""
    leasing.give_back(conn, me.id)
    conn.execute(delete(workers).where(workers.c.id == me.id, workers.c.life == me.life))


def read_roll(conn: Connection, now: datetime, lease_s: float) -> tuple[WorkerRow, ...]:
    """Every worker that was there lately, and which accounts it holds."""
    moment = leasing.shared_now(conn, now)
    held: dict[str, list[str]] = {}
    for row in conn.execute(select(leases.c.owner, leases.c.account_id).where(leases.c.until > moment)):
        held.setdefault(row.owner, []).append(row.account_id)
    return tuple(
        WorkerRow(
            id=row.id,
            host=row.host,
            pid=row.pid,
            version=row.version,
            url=row.url,
            started_at=row.started_at,
            heartbeat=row.heartbeat,
            is_alive=row.heartbeat > moment - timedelta(seconds=lease_s),
            report=msgspec.json.decode(row.report, type=WorkerReport),
            accounts=tuple(sorted(held.get(row.id, ()))),
        )
        for row in conn.execute(select(workers).order_by(workers.c.id))
    )


def _sign(conn: Connection, me: WorkerIdentity, report: WorkerReport, moment: datetime) -> None:
    conn.execute(delete(workers).where(workers.c.heartbeat < moment - KEPT))
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    values = {**msgspec.structs.asdict(me), "heartbeat": moment, "report": msgspec.json.encode(report)}
    row = make(workers).values(values)
    conn.execute(row.on_conflict_do_update(index_elements=[workers.c.id], set_=values))


def _busy(conn: Connection) -> frozenset[str]:
    """Accounts with orders under way."""
    parents = select(parent_orders.c.account_id).where(parent_orders.c.ended_at.is_(None))
    children = select(child_orders.c.account_id).where(child_orders.c.ended_at.is_(None))
    return frozenset(conn.execute(parents.union(children)).scalars())
