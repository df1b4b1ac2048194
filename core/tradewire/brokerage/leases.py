"""Leases: which process may act for an account, and until when."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from tradewire.brokerage.release import Lease
from tradewire.store.schema import leases


def take(conn: Connection, account_id: str, owner: str, now: datetime, lease_s: float) -> Lease | None:
    """Take the account's lease in a new epoch; None while somebody else holds it.

    A lease of the same owner is void at once: it was taken in an earlier life.
    """
    row = conn.execute(select(leases).where(leases.c.account_id == account_id)).one_or_none()
    until = now + timedelta(seconds=lease_s)
    if row is None:
        conn.execute(
            insert(leases).values(account_id=account_id, owner=owner, epoch=1, until=until, reconciled=False)
        )
        return Lease(owner=owner, epoch=1)
    if row.owner not in (None, owner) and row.until is not None and row.until > now:
        return None
    taken = conn.execute(
        update(leases)
        .where(leases.c.account_id == account_id, leases.c.epoch == row.epoch)
        .values(owner=owner, epoch=row.epoch + 1, until=until)
    )
    return Lease(owner=owner, epoch=row.epoch + 1) if taken.rowcount == 1 else None


def renew(conn: Connection, owner: str, now: datetime, lease_s: float) -> tuple[str, ...]:
    """Prolong every lease that `owner` still holds; returns the accounts whose lease has run out.

    It runs out when the process stood still for too long, as a machine does that was asleep.
    """
    conn.execute(
        update(leases)
        .where(leases.c.owner == owner, leases.c.until > now)
        .values(until=now + timedelta(seconds=lease_s))
    )
    late = select(leases.c.account_id).where(leases.c.owner == owner, leases.c.until <= now)
    return tuple(conn.execute(late).scalars())


def give_back(conn: Connection, owner: str) -> None:
    """Release every lease that `owner` holds, so that the next start need not wait."""
    conn.execute(update(leases).where(leases.c.owner == owner).values(owner=None, until=None))
