"""Executions, newest first."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from tradewire.domain.base import Struct
from tradewire.domain.order import Side
from tradewire.services.naming import account_names, algorithm_names, only_of
from tradewire.services.numbers import Number, shown
from tradewire.services.paging import DEFAULT_LIMIT, cut, page_of
from tradewire.store.database import Store
from tradewire.store.schema import fills, instruments


class FillView(Struct):
    """`price` per unit in `currency`; `fee` in `fee_currency`; `realised` before fees, in `currency`.

    `algorithm` is None for what no algorithm of ours accounts for.
    """

    execution_id: str
    account: str
    algorithm: str | None
    parent_id: str | None
    client_id: str | None
    symbol: str
    instrument_id: str
    side: Side
    quantity: Number
    price: Number
    currency: str
    fee: Number
    fee_currency: str
    realised: Number
    at: datetime


class FillPage(Struct):
    items: tuple[FillView, ...]
    next: str | None = None


class Fills:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self,
        *,
        account: str | None = None,
        algorithm: str | None = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> FillPage:
        """A page of fills; `account` and `algorithm` are names or ids."""

        def unit(conn: Connection) -> FillPage:
            query = only_of(conn, select(fills), fills, account, algorithm)
            rows, more = cut(conn.execute(page_of(query, fills.c.seq, limit, after)).all(), limit)
            return FillPage(items=fill_views(conn, rows), next=more)

        return await self._store.read(unit)


def fill_views(conn: Connection, rows: Any) -> tuple[FillView, ...]:
    """Rows of `fills` with the names of what they belong to."""
    owners, traders, tickers = account_names(conn), algorithm_names(conn), tickers_of(conn)
    return tuple(_view(row, owners, traders, tickers) for row in rows)


def tickers_of(conn: Connection) -> dict[tuple[str, str], str]:
    """The instrument's own symbol by (account, instrument)."""
    rows = conn.execute(select(instruments.c.account_id, instruments.c.instrument_id, instruments.c.document))
    return {(row.account_id, row.instrument_id): row.document.symbol for row in rows}


def _view(
    row: Row[Any], owners: dict[str, str], traders: dict[str, str], tickers: dict[tuple[str, str], str]
) -> FillView:
    trader = row.algorithm_id or None
    return FillView(
        execution_id=row.execution_id,
        account=owners.get(row.account_id, row.account_id),
        algorithm=traders.get(trader, trader) if trader is not None else None,
        parent_id=row.parent_id,
        client_id=row.client_id,
        symbol=tickers.get((row.account_id, row.instrument_id), row.instrument_id),
        instrument_id=row.instrument_id,
        side=Side(row.side),
        quantity=shown(row.quantity),
        price=shown(row.price),
        currency=row.currency,
        fee=shown(row.fee),
        fee_currency=row.fee_currency or row.currency,
        realised=shown(row.realised),
        at=row.at,
    )
