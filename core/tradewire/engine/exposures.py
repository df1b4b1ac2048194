"""Exposures per scope, from holdings and the unfilled quantities of admitted parents. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tradewire.brokerage.market_view import ForeignOrder
from tradewire.domain.base import Struct
from tradewire.domain.exposure import Exposure
from tradewire.domain.order import ParentOrder, ParentState, Purpose, Side
from tradewire.domain.verdict import Scope
from tradewire.engine.account_view import Holding


class Price(Struct):
    """A mark with its rate into the base currency; either may be unknown."""

    mark: Decimal | None
    rate: Decimal | None


def in_scope(scope: Scope, account_id: str, algorithm_id: str, one: Holding | ParentOrder) -> bool:
    if scope is Scope.GLOBAL:
        return True
    if scope is Scope.ACCOUNT:
        return one.account_id == account_id
    return one.account_id == account_id and one.algorithm_id == algorithm_id


def exposures(
    holdings: Iterable[Holding],
    parents: Iterable[ParentOrder],
    foreign: Iterable[ForeignOrder],
    prices: Mapping[str, Price],
    multipliers: Mapping[str, Decimal],
) -> dict[str, Exposure]:
    """By instrument. `parents` are the admitted ones; pending ones reserve nothing yet."""
    position: dict[str, Decimal] = {}
    buys: dict[str, Decimal] = {}
    sells: dict[str, Decimal] = {}
    foreign_buys: dict[str, Decimal] = {}
    foreign_sells: dict[str, Decimal] = {}
    for holding in holdings:
        _add(position, holding.instrument_id, holding.quantity)
    for parent in parents:
        if parent.instrument_id is None or not reserves(parent):
            continue
        _add(buys if parent.side is Side.BUY else sells, parent.instrument_id, parent.remaining)
    for order in foreign:
        _add(foreign_buys if order.side is Side.BUY else foreign_sells, order.instrument_id, order.quantity)
    zero = Decimal(0)
    return {
        instrument: Exposure(
            instrument_id=instrument,
            position=position.get(instrument, zero),
            live_buy=buys.get(instrument, zero),
            live_sell=sells.get(instrument, zero),
            foreign_buy=foreign_buys.get(instrument, zero),
            foreign_sell=foreign_sells.get(instrument, zero),
            mark=prices[instrument].mark if instrument in prices else None,
            rate=prices[instrument].rate if instrument in prices else None,
            multiplier=multipliers.get(instrument, Decimal(1)),
        )
        for instrument in {*position, *buys, *sells, *foreign_buys, *foreign_sells}
    }


def reserves(parent: ParentOrder) -> bool:
    """Whether a parent's unfilled quantity counts: from its admission to its end."""
    return (
        parent.purpose is not Purpose.CANCEL
        and parent.state.is_live
        and parent.state is not ParentState.PENDING
    )


def _add(sums: dict[str, Decimal], key: str, amount: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + amount
