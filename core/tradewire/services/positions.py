"""Positions and profit: per algorithm, per account, and in all."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select

from tradewire.domain.account import Account
from tradewire.domain.base import Struct
from tradewire.domain.position import COST_STEP, Position
from tradewire.domain.quantity import exact
from tradewire.services.fills import tickers_of
from tradewire.services.naming import algorithm_names, only_of
from tradewire.services.numbers import Number, shown, shown_or_none
from tradewire.store.database import Store
from tradewire.store.schema import accounts, positions


class Market(Protocol):
    """What the engine knows of prices; None where it does not, or where no engine runs."""

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None: ...

    def rate(self, currency: str, base: str) -> Decimal | None: ...


class NoMarket:
    """For when no engine runs."""

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        return None

    def rate(self, currency: str, base: str) -> Decimal | None:
        return Decimal(1) if currency == base else None


class Grouping(StrEnum):
    ALGORITHM = "algorithm"
    ACCOUNT = "account"


class PositionView(Struct):
    """One holder's position in one instrument, in the instrument's currency.

    `algorithm` is None for an account's whole position. `unrealised` is None without a mark. `realised` and
    `unrealised` are before `fees`. `profit` = realised + unrealised - fees, in `base_currency`; None where a
    mark or the rate is missing.
    """

    account: str
    algorithm: str | None
    symbol: str
    instrument_id: str
    currency: str
    quantity: Number
    average_cost: Number
    mark: Number | None
    realised: Number
    fees: Number
    unrealised: Number | None
    base_currency: str
    rate: Number | None
    profit: Number | None
    updated_at: datetime


class Total(Struct):
    """All positions of one base currency. `missing` names the symbols that have no mark or no rate: their
    unrealised profit is not in the sums, and `complete` is then false."""

    base_currency: str
    realised: Number
    unrealised: Number
    fees: Number
    profit: Number
    complete: bool
    missing: tuple[str, ...] = ()


class PositionList(Struct):
    items: tuple[PositionView, ...]
    totals: tuple[Total, ...]


class _Held(Struct):
    account: Account
    algorithm_id: str | None
    instrument_id: str
    currency: str
    position: Position
    updated_at: datetime


class Positions:
    def __init__(self, store: Store, market: Market, base_currency: str) -> None:
        self._store = store
        self._market = market
        self._base = base_currency

    async def list(
        self,
        *,
        by: Grouping = Grouping.ALGORITHM,
        account: str | None = None,
        algorithm: str | None = None,
        flat: bool = False,
    ) -> PositionList:
        """Positions per algorithm, or summed per account; `flat` shows those that hold nothing any more.

        The totals cover flat ones too, whose profit is realised.
        """

        def unit(conn: Connection) -> PositionList:
            query = only_of(conn, select(positions), positions, account, algorithm)
            owners = {one.id: one for (one,) in conn.execute(select(accounts.c.document))}
            held = [
                _held(row, owners[row.account_id]) for row in conn.execute(query) if row.account_id in owners
            ]
            if by is Grouping.ACCOUNT:
                held = _summed(held)
            traders, tickers = algorithm_names(conn), tickers_of(conn)
            views = [self._view(one, traders, tickers) for one in held]
            views.sort(key=lambda one: (one.account, one.algorithm or "", one.symbol))
            shown_ones = tuple(one for one in views if flat or one.quantity != "0")
            return PositionList(items=shown_ones, totals=totals_of(views))

        return await self._store.read(unit)

    def _view(
        self, held: _Held, traders: dict[str, str], tickers: dict[tuple[str, str], str]
    ) -> PositionView:
        position, base = held.position, self._base
        mark = self._market.mark(held.account.id, held.instrument_id)
        rate = Decimal(1) if held.currency == base else self._market.rate(held.currency, base)
        unrealised = _unrealised(position, mark)
        with localcontext(exact()):
            own = None if unrealised is None else position.realised + unrealised - position.fees
            profit = None if own is None or rate is None else own * rate
        trader = held.algorithm_id
        return PositionView(
            account=held.account.name,
            algorithm=traders.get(trader, trader or "(unattributed)") if trader is not None else None,
            symbol=tickers.get((held.account.id, held.instrument_id), held.instrument_id),
            instrument_id=held.instrument_id,
            currency=held.currency,
            quantity=shown(position.quantity),
            average_cost=shown(position.average_cost),
            mark=shown_or_none(mark),
            realised=shown(position.realised),
            fees=shown(position.fees),
            unrealised=shown_or_none(unrealised),
            base_currency=base,
            rate=shown_or_none(rate),
            profit=shown_or_none(profit),
            updated_at=held.updated_at,
        )


def _unrealised(position: Position, mark: Decimal | None) -> Decimal | None:
    if position.quantity == 0:
        return -position.cost
    return None if mark is None else position.unrealised(mark)


def _held(row: Row[Any], account: Account) -> _Held:
    return _Held(
        account=account,
        algorithm_id=row.algorithm_id,
        instrument_id=row.instrument_id,
        currency=row.currency,
        position=Position(
            quantity=row.quantity,
            cost=row.cost,
            realised=row.realised,
            fees=row.fees,
            cash=row.cash,
            multiplier=row.multiplier,
        ),
        updated_at=row.updated_at,
    )


def _summed(held: list[_Held]) -> list[_Held]:
    """An account's own positions: the sums of its holders'."""
    sums: dict[tuple[str, str], _Held] = {}
    for one in held:
        key = (one.account.id, one.instrument_id)
        before = sums.get(key)
        sums[key] = _Held(
            account=one.account,
            algorithm_id=None,
            instrument_id=one.instrument_id,
            currency=one.currency,
            position=one.position if before is None else _together(before.position, one.position),
            updated_at=one.updated_at if before is None else max(before.updated_at, one.updated_at),
        )
    return list(sums.values())


def _together(first: Position, second: Position) -> Position:
    with localcontext(exact()):
        return Position(
            quantity=first.quantity + second.quantity,
            cost=first.cost + second.cost,
            realised=first.realised + second.realised,
            fees=first.fees + second.fees,
            cash=first.cash + second.cash,
            multiplier=first.multiplier,
        )


def totals_of(views: Sequence[PositionView]) -> tuple[Total, ...]:
    """The sums by base currency, exact to the last digit."""
    return tuple(
        _total(base, [one for one in views if one.base_currency == base])
        for base in sorted({one.base_currency for one in views})
    )


def _total(base: str, views: list[PositionView]) -> Total:
    realised = unrealised = fees = Decimal(0)
    missing: list[str] = []
    with localcontext(exact()):
        for one in views:
            if one.rate is None:
                missing.append(f"{one.symbol}: no rate from {one.currency} to {base}")
                continue
            rate = Decimal(one.rate)
            realised += Decimal(one.realised) * rate
            fees += Decimal(one.fees) * rate
            if one.unrealised is None:
                missing.append(f"{one.symbol}: no price")
                continue
            unrealised += Decimal(one.unrealised) * rate
        profit = realised + unrealised - fees
    return Total(
        base_currency=base,
        realised=shown(_cents(realised)),
        unrealised=shown(_cents(unrealised)),
        fees=shown(_cents(fees)),
        profit=shown(_cents(profit)),
        complete=not missing,
        missing=tuple(dict.fromkeys(missing)),
    )


def _cents(amount: Decimal) -> Decimal:
    """A sum without the digits that no currency has; exact in every position, rounded only here."""
    with localcontext(exact()):
        return amount.quantize(COST_STEP)
