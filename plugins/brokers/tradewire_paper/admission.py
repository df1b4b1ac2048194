"""Whether the venue takes an order, and the order as it enters the book."""

from decimal import Decimal, localcontext

from tradewire import Instrument, OrderRequest, OrderType, Quote, Rejected, Side, exact, is_usable
from tradewire_paper import errors, margin
from tradewire_paper.book import Book
from tradewire_paper.capabilities import ORDER_TYPES, TIMES_IN_FORCE
from tradewire_paper.matching import Terms, price_for
from tradewire_paper.rows import Order


def faulty(book: Book, request: OrderRequest, known: Instrument | None) -> Rejected | None:
    """What is wrong with the order, whatever the market does; `known` is the venue's own instrument."""
    if request.client_id in book.orders:
        return errors.duplicate(request.client_id)
    if known is None:
        return errors.unknown_symbol(request.instrument.id)
    if request.order_type not in ORDER_TYPES:
        return errors.unsupported(request.order_type)
    if request.time_in_force not in TIMES_IN_FORCE:
        return errors.unsupported(request.time_in_force)
    if not is_usable(request.quantity) or request.quantity <= 0 or not _fits(request.quantity, known.lot):
        return errors.off_lot(request.quantity, known)
    if request.order_type is OrderType.LIMIT:
        limit = request.limit_price
        if limit is None or not is_usable(limit) or limit <= 0:
            return errors.no_limit_price()
        if not _fits(limit, known.tick):
            return errors.off_tick(limit, known)
    if request.reduce_only:
        position = book.position(known.id)
        working = book.working(known.id, request.side)
        if position * request.side.sign >= 0 or request.quantity + working > abs(position):
            return errors.not_reducing(known, position)
    return None


def unaffordable(
    book: Book,
    order: Order,
    quote: Quote,
    terms: Terms,
    rate: Decimal,
    value: margin.Value,
    leverage: Decimal,
) -> Rejected | None:
    """Whether buying power is short; the fee counts too. A market order needs a price."""
    request, instrument = order.request, order.instrument
    price = _dearest(order, quote, terms)
    if price is None:
        return errors.no_price(instrument)
    with localcontext(exact()):
        unit_cost = price * instrument.multiplier * rate
        needed = margin.needed(book, request, unit_cost)
        if needed <= 0:
            return None
        needed += terms.fee(instrument, request.quantity, price) * rate
    available = margin.buying_power(book, value, leverage)
    return errors.insufficient(needed, available, book.currency) if needed > available else None


def _dearest(order: Order, quote: Quote, terms: Terms) -> Decimal | None:
    """The most that a unit can cost: the limit of a buy; for a sell the better of limit and market."""
    if order.request.order_type is OrderType.MARKET:
        return price_for(order, quote, terms)
    limit = order.request.limit_price
    if limit is None or order.request.side is Side.BUY:
        return limit
    return max(limit, quote.bid or limit)


def _fits(value: Decimal, step: Decimal) -> bool:
    with localcontext(exact()):
        return value % step == 0
