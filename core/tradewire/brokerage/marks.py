"""The last prices as every process sees them, for limits over accounts that several workers serve."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.brokerage.market_view import SeenQuote
from tradewire.brokerage.tenure import FencedStore
from tradewire.domain.clock import Clock
from tradewire.domain.instrument import Quote
from tradewire.store.schema import marks

#: What a session's new quote is handed to before an order is planned with it.
Publish = Callable[[Quote], Awaitable[None]]


def publishing(store: FencedStore, account_id: str, clock: Clock) -> Publish:
    """Store each quote, so that a position that was entered on it can be valued by other workers."""

    async def publish(quote: Quote) -> None:
        if quote.mid is not None:
            await store.write(partial(_put, account_id=account_id, quote=quote, now=clock.now()))

    return publish


def find(conn: Connection, account_id: str, instrument_id: str) -> SeenQuote | None:
    """The price that the account's worker stored last, as a quote."""
    row = conn.execute(
        select(marks).where(marks.c.account_id == account_id, marks.c.instrument_id == instrument_id)
    ).one_or_none()
    if row is None:
        return None
    quote = Quote(instrument_id=instrument_id, last=row.price, at=row.fetched_at)
    return SeenQuote(quote=quote, fetched_at=row.fetched_at)


def _put(conn: Connection, account_id: str, quote: Quote, now: datetime) -> None:
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    price: Decimal | None = quote.mid
    row = make(marks).values(
        account_id=account_id, instrument_id=quote.instrument_id, price=price, fetched_at=now
    )
    conn.execute(
        row.on_conflict_do_update(
            index_elements=[marks.c.account_id, marks.c.instrument_id],
            set_={"price": row.excluded.price, "fetched_at": row.excluded.fetched_at},
        )
    )
