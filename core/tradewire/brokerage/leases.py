"""Leases: which process may act for an account, and until when.

`until` is in the database's time, the one clock that all processes share. A process measures what it holds by
its own monotonic clock, from before it asked (`Tenure`), so that no difference of clocks makes two owners.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.domain.base import Struct
from tradewire.store.schema import leases

# Built once: it runs with every write of a session.
_UNTIL = (
    select(leases.c.until)
    .where(
        leases.c.account_id == bindparam("account"),
        leases.c.owner == bindparam("mine"),
        leases.c.epoch == bindparam("since"),
    )
    .with_for_update(read=True)
)


class Lease(Struct):
    """What this process holds of an account: its name and the epoch it took the lease in."""

    owner: str
    epoch: int


def shared_now(conn: Connection, now: datetime) -> datetime:
    """The database's time where it has a clock; `now`, that of the one process, where it is a file."""
    if conn.dialect.name != "postgresql":
        return now
    moment: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def take(conn: Connection, account_id: str, owner: str, now: datetime, lease_s: float) -> Lease | None:
    """Take the account's lease in a new epoch; None while somebody else holds it.

    A lease of the same owner is void at once: it was taken in an earlier life.
    """
    moment = shared_now(conn, now)
    until = moment + timedelta(seconds=lease_s)
    epoch = conn.execute(select(leases.c.epoch).where(leases.c.account_id == account_id)).scalar()
    if epoch is None:
        make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
        first = make(leases).values(
            account_id=account_id, owner=owner, epoch=1, until=until, reconciled=False
        )
        made = conn.execute(first.on_conflict_do_nothing())
        return Lease(owner=owner, epoch=1) if made.rowcount == 1 else None
    taken = conn.execute(
        update(leases)
        .where(
            leases.c.account_id == account_id,
            leases.c.epoch == epoch,
            or_(
                leases.c.owner.is_(None),
                leases.c.owner == owner,
                leases.c.until.is_(None),
                leases.c.until <= moment,
            ),
        )
        .values(owner=owner, epoch=epoch + 1, until=until)
    )
    return Lease(owner=owner, epoch=epoch + 1) if taken.rowcount == 1 else None


def renew(
    conn: Connection, owner: str, epochs: Mapping[str, int], now: datetime, lease_s: float
) -> frozenset[str]:
    """Prolong the leases that `owner` took in these `epochs`, by account; returns those it still held.

    The others have run out, as they do while a machine is asleep, or are somebody else's by now.
    """
    moment = shared_now(conn, now)
    mine = select(leases.c.account_id, leases.c.epoch).where(
        leases.c.account_id.in_(list(epochs)), leases.c.owner == owner, leases.c.until > moment
    )
    held = frozenset(
        row.account_id for row in conn.execute(mine.with_for_update()) if row.epoch == epochs[row.account_id]
    )
    if held:
        conn.execute(
            update(leases)
            .where(leases.c.account_id.in_(held))
            .values(until=moment + timedelta(seconds=lease_s))
        )
    return held


def give_back(conn: Connection, owner: str, account_ids: Iterable[str] | None = None) -> None:
    """Release leases that `owner` holds, all or those of some accounts, so that the next need not wait."""
    held = leases.c.owner == owner
    if account_ids is not None:
        held &= leases.c.account_id.in_(list(account_ids))
    conn.execute(update(leases).where(held).values(owner=None, until=None))


def owner_of(conn: Connection, account_id: str, now: datetime) -> str | None:
    """Who holds the account's lease now."""
    moment = shared_now(conn, now)
    query = select(leases.c.owner).where(leases.c.account_id == account_id, leases.c.until > moment)
    owner: str | None = conn.execute(query).scalar()
    return owner


def is_held(conn: Connection, account_id: str, lease: Lease) -> bool:
    """Whether nobody has taken the account since; on PostgreSQL nobody can until this transaction ends."""
    return _until(conn, account_id, lease) is not None


def outlasts(conn: Connection, account_id: str, lease: Lease, now: datetime, seconds: float) -> bool:
    """Whether the lease is still held, and for longer than so many seconds."""
    until = _until(conn, account_id, lease)
    return until is not None and until - shared_now(conn, now) > timedelta(seconds=seconds)


def _until(conn: Connection, account_id: str, lease: Lease) -> datetime | None:
    mine = {"account": account_id, "mine": lease.owner, "since": lease.epoch}
    until: datetime | None = conn.execute(_UNTIL, mine).scalar()
    return until
