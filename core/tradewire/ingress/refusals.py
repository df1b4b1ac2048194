"""Who was turned away without a valid key: kept for the owner to see, but never many a day."""

from datetime import UTC, datetime, time

from sqlalchemy import Connection, func, insert, select

from tradewire.domain.base import Struct
from tradewire.store.locks import Lock, hold
from tradewire.store.schema.access import refusals

CAPPED = "capped"


class Refusal(Struct, kw_only=True):
    """`last4` is all that is kept of the key that was presented."""

    at: datetime
    source: str
    provider: str
    last4: str | None
    kind: str


def record(conn: Connection, refusal: Refusal, most_per_day: int) -> bool:
    """Keep it, unless `most_per_day` are kept since midnight UTC; whether there is room for more.

    The one that comes first after the last that had room is kept as a row of the kind "capped".
    """
    hold(conn, Lock.REFUSALS)
    today = datetime.combine(refusal.at.astimezone(UTC).date(), time(), UTC)
    kept: int = conn.execute(
        select(func.count()).select_from(refusals).where(refusals.c.at >= today)
    ).scalar_one()
    if kept > most_per_day:
        return False
    full = kept == most_per_day
    conn.execute(
        insert(refusals).values(
            at=refusal.at,
            source=refusal.source,
            provider=refusal.provider,
            last4=None if full else refusal.last4,
            kind=CAPPED if full else refusal.kind,
        )
    )
    return not full
