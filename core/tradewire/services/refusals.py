"""Messages that were refused without a valid key, newest first."""

from datetime import datetime

from sqlalchemy import Connection, select

from tradewire.domain.base import Struct
from tradewire.services.paging import DEFAULT_LIMIT, cut, page_of
from tradewire.store.database import Store
from tradewire.store.schema import refusals


class RefusalView(Struct):
    """`last4` are the last characters of the key that was presented; `kind` is what was wrong with it."""

    at: datetime
    source: str
    provider: str
    last4: str | None
    kind: str


class RefusalPage(Struct):
    items: tuple[RefusalView, ...]
    next: str | None = None


class Refusals:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, *, limit: int = DEFAULT_LIMIT, after: str | None = None) -> RefusalPage:
        def unit(conn: Connection) -> RefusalPage:
            query = page_of(select(refusals), refusals.c.seq, limit, after)
            rows, more = cut(conn.execute(query).all(), limit)
            items = tuple(
                RefusalView(
                    at=row.at, source=row.source, provider=row.provider, last4=row.last4, kind=row.kind
                )
                for row in rows
            )
            return RefusalPage(items=items, next=more)

        return await self._store.read(unit)
