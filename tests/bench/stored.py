"""What a relay's store says of signals and orders, on SQLite and on PostgreSQL."""

from collections import Counter
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from tradewire.store.schema import child_orders, parent_orders, signals


class Waiting(msgspec.Struct):
    """Signals that are not routed yet, and orders that have not ended."""

    signals: int
    orders: int

    @property
    def none(self) -> bool:
        return not self.signals and not self.orders


class Ended(msgspec.Struct):
    """How many orders ended in which way, and the seconds from the first accepted to the last that ended."""

    ways: Counter[str]
    seconds: float

    def told(self) -> str:
        return ", ".join(f"{count} {way}" for way, count in sorted(self.ways.items()))


def waiting(conn: Connection) -> Waiting:
    unrouted = select(func.count()).select_from(signals).where(signals.c.routed_at.is_(None))
    live = select(func.count()).select_from(parent_orders).where(parent_orders.c.ended_at.is_(None))
    return Waiting(conn.execute(unrouted).scalar_one(), conn.execute(live).scalar_one())


def ended(conn: Connection, since: datetime) -> Ended:
    """Of the orders of signals accepted since then. A way is a state, with the reason where it says more."""
    asked = (
        select(parent_orders.c.state, parent_orders.c.reason, signals.c.accepted_at, parent_orders.c.ended_at)
        .join(signals, signals.c.id == parent_orders.c.signal_id)
        .where(signals.c.accepted_at >= since)
    )
    rows = conn.execute(asked).all()
    ways = Counter(
        row.state if row.reason in (None, row.state) else f"{row.state} ({row.reason})" for row in rows
    )
    ends = [row.ended_at for row in rows if row.ended_at is not None]
    if not ends:
        return Ended(ways, 0.0)
    return Ended(ways, (max(ends) - min(row.accepted_at for row in rows)).total_seconds())


def oldest_sent_s(conn: Connection) -> float:
    """How old the oldest signal was when its order went out, in seconds; 0 where none did."""
    asked = (
        select(signals.c.accepted_at, child_orders.c.sent_at)
        .join(parent_orders, parent_orders.c.signal_id == signals.c.id)
        .join(child_orders, child_orders.c.parent_id == parent_orders.c.id)
        .where(child_orders.c.sent_at.is_not(None))
    )
    return max(((sent - accepted).total_seconds() for accepted, sent in conn.execute(asked)), default=0.0)
