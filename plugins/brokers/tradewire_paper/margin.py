"""Buying power: how much more an account may be exposed.

An instrument uses the larger of what it would be worth if every open buy, or every open sell, filled; an
order needs what it adds to that, so whatever only reduces a position needs nothing. Futures use a tenth of
their value. Buying power = leverage x equity - used, in the account's currency.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext

from tradewire import AssetClass, Instrument, OrderRequest, Side, exact
from tradewire_paper.book import ZERO, Book

#: The price of one unit in the account's currency, multiplier included.
Value = Callable[[Instrument], Decimal]

_FUTURES_MARGIN = Decimal("0.1")


def equity(book: Book, value: Value) -> Decimal:
    """Cash and what the positions are worth, in the account's currency."""
    with localcontext(exact()):
        held = (one.quantity * value(one.instrument) for one in book.holdings.values() if one.quantity)
        return book.cash + sum(held, ZERO)


def buying_power(book: Book, value: Value, leverage: Decimal) -> Decimal:
    """May be negative after a loss."""
    with localcontext(exact()):
        used = sum(
            (_worst(book, one, ZERO, ZERO) * value(one) * _share(one) for one in book.instruments()), ZERO
        )
        return leverage * equity(book, value) - used


def needed(book: Book, order: OrderRequest, unit_cost: Decimal) -> Decimal:
    """What `order` adds to the use, one unit costing `unit_cost` in the account's currency."""
    with localcontext(exact()):
        buy, sell = (order.quantity, ZERO) if order.side is Side.BUY else (ZERO, order.quantity)
        name = order.instrument
        added = _worst(book, name, buy, sell) - _worst(book, name, ZERO, ZERO)
        return added * unit_cost * _share(name)


def _worst(book: Book, instrument: Instrument, buy: Decimal, sell: Decimal) -> Decimal:
    position = book.position(instrument.id)
    highest = position + book.working(instrument.id, Side.BUY) + buy
    lowest = position - book.working(instrument.id, Side.SELL) - sell
    return max(abs(highest), abs(lowest))


def _share(instrument: Instrument) -> Decimal:
    return _FUTURES_MARGIN if instrument.asset_class is AssetClass.FUTURE else Decimal(1)
