"""The matching core: pure functions from a book, an order and a quote to a `Change`.

Fills take the quote's far side, worsened by the slippage; a limit order never fills beyond its limit. There
is no queue and no depth: what limits a fill is `Terms.pieces` alone.
"""

from datetime import datetime
from decimal import Decimal, localcontext

from msgspec.structs import replace

from tradewire import (
    ChildState,
    Execution,
    Instrument,
    OrderType,
    Quote,
    Side,
    Struct,
    TimeInForce,
    exact,
    round_down,
    round_up,
)
from tradewire_paper.book import ZERO, Book
from tradewire_paper.rows import Change, Holding, Order, Trade

_BPS = Decimal(10000)
#: The finest step of money that the book keeps.
MONEY_STEP = Decimal("1e-8")
PRICE_STEP = Decimal("1e-12")


class Terms(Struct):
    """On what terms orders fill: in `pieces` >= 1 fills, with fees in the instrument's currency."""

    slippage_bps: Decimal = ZERO
    fee_per_unit: Decimal = ZERO
    fee_bps: Decimal = ZERO
    pieces: int = 1

    def fee(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        with localcontext(exact()):
            if not self.fee_per_unit and not self.fee_bps:
                return ZERO
            value = quantity * price * instrument.multiplier
            return (quantity * self.fee_per_unit + value * self.fee_bps / _BPS).quantize(MONEY_STEP)


def price_for(order: Order, quote: Quote, terms: Terms) -> Decimal | None:
    """The price at which `order` would fill against `quote`; None while it would not."""
    request, tick = order.request, order.instrument.tick
    touch = quote.ask if request.side is Side.BUY else quote.bid
    if touch is None:
        return None
    with localcontext(exact()):
        worse = touch * terms.slippage_bps / _BPS
        if request.side is Side.BUY:
            price = round_up(touch + worse, tick)
        else:
            price = max(round_down(touch - worse, tick), tick)
    limit = request.limit_price
    if request.order_type is OrderType.MARKET or limit is None:
        return price
    crossed = touch <= limit if request.side is Side.BUY else touch >= limit
    if not crossed:
        return None
    return min(price, limit) if request.side is Side.BUY else max(price, limit)


def next_quantity(order: Order, pieces: int) -> Decimal:
    """How much the next fill takes: an equal piece, rounded to lots, the last one the rest."""
    left = order.request.quantity - order.filled
    if order.request.time_in_force is TimeInForce.FOK or order.fills + 1 >= pieces:
        return left
    piece = round_down(order.request.quantity / pieces, order.instrument.lot)
    return min(piece, left) if piece > 0 else left


def fill(
    book: Book, order: Order, quantity: Decimal, price: Decimal, terms: Terms, rate: Decimal, at: datetime
) -> Change:
    """One execution of `quantity` <= what is left; `rate` is the account's currency per the instrument's.

    Cash falls by (signed quantity x price x multiplier + fee) x rate. A cancelled order stays cancelled.
    """
    request, instrument = order.request, order.instrument
    if not ZERO < quantity <= request.quantity - order.filled:
        raise ValueError(
            f"{quantity} cannot fill: {request.quantity - order.filled} of {order.client_id} is left"
        )
    fee = terms.fee(instrument, quantity, price)
    with localcontext(exact()):
        value = quantity * request.side.sign * price * instrument.multiplier
        cash = -((value + fee) * rate).quantize(MONEY_STEP)
        filled = order.filled + quantity
    execution = Execution(
        execution_id=f"{order.broker_order_id}-{order.fills + 1}",
        client_id=order.client_id,
        broker_order_id=order.broker_order_id,
        instrument_id=instrument.id,
        side=request.side,
        quantity=quantity,
        price=price,
        currency=instrument.currency,
        multiplier=instrument.multiplier,
        fee=fee,
        fee_currency=instrument.currency,
        at=at,
    )
    state = ChildState.FILLED if filled == request.quantity else _still(order)
    return Change(
        orders=(replace(order, filled=filled, fills=order.fills + 1, state=state),),
        trades=(Trade(execution=execution, cash=cash),),
        holdings=(_hold(book, instrument, quantity * request.side.sign, price),),
        cash=book.cash + cash,
    )


def end(order: Order, state: ChildState, message: str | None = None) -> Change:
    """The order's end without a fill."""
    return Change(orders=(replace(order, state=state, message=message),))


def _still(order: Order) -> ChildState:
    return ChildState.PARTLY_FILLED if order.state.is_open else order.state


def _hold(book: Book, instrument: Instrument, change: Decimal, price: Decimal) -> Holding:
    """Average cost: adding mixes prices, reducing keeps the average, going through zero starts anew."""
    before = book.holdings.get(instrument.id)
    held = before.quantity if before else ZERO
    average = before.average_price if before else ZERO
    after = held + change
    with localcontext(exact()):
        if after == 0:
            average = ZERO
        elif held * change >= 0:
            average = ((held * average + change * price) / after).quantize(PRICE_STEP).normalize()
        elif held * after < 0:
            average = price
    return Holding(instrument=instrument, quantity=after, average_price=average)
