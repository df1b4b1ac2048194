"""One account's book in memory: orders, trades, holdings and cash, changed only by applying a `Change`."""

from collections.abc import Mapping
from decimal import Decimal, localcontext

import msgspec

from tradewire import Balances, BrokerPosition, Instrument, Side, exact
from tradewire_paper.rows import Change, Holding, Order, Trade

ZERO = Decimal(0)

_CASH = "cash"
_ORDER = "order/"
_TRADE = "execution/"
_HOLDING = "position/"


class Book:
    """The truth of one account. Reading is free; `apply` is the only way to change it."""

    def __init__(self, currency: str, cash: Decimal) -> None:
        self.currency = currency
        self.cash = cash
        self.orders: dict[str, Order] = {}
        self.trades: list[Trade] = []
        self.holdings: dict[str, Holding] = {}
        self._open: dict[str, Order] = {}

    def apply(self, change: Change) -> None:
        for order in change.orders:
            self.orders[order.client_id] = order
            if order.state.is_open:
                self._open[order.client_id] = order
            else:
                self._open.pop(order.client_id, None)
        self.trades.extend(change.trades)
        for holding in change.holdings:
            self.holdings[holding.instrument.id] = holding
        if change.cash is not None:
            self.cash = change.cash

    def open_orders(self) -> tuple[Order, ...]:
        """In the order of their acceptance."""
        return tuple(self._open.values())

    def position(self, instrument_id: str) -> Decimal:
        """Signed, in units."""
        holding = self.holdings.get(instrument_id)
        return ZERO if holding is None else holding.quantity

    def working(self, instrument_id: str, side: Side) -> Decimal:
        """The quantity that open orders on one side may still fill."""
        return sum(
            (
                order.open_quantity
                for order in self._open.values()
                if order.instrument.id == instrument_id and order.request.side is side
            ),
            ZERO,
        )

    def instruments(self) -> tuple[Instrument, ...]:
        """Those that are held or have an open order."""
        found = {name: holding.instrument for name, holding in self.holdings.items() if holding.quantity}
        found.update({order.instrument.id: order.instrument for order in self._open.values()})
        return tuple(found.values())

    def positions(self) -> tuple[BrokerPosition, ...]:
        return tuple(
            BrokerPosition(instrument_id=name, quantity=one.quantity, average_price=one.average_price)
            for name, one in self.holdings.items()
            if one.quantity
        )

    def balances(self, equity: Decimal, buying_power: Decimal) -> Balances:
        """Rounded to a cent's thousandth; what is stored is not rounded."""
        step = Decimal("0.00001")
        with localcontext(exact()):
            return Balances(
                cash=self.cash.quantize(step),
                equity=equity.quantize(step),
                buying_power=max(buying_power, ZERO).quantize(step),
            )


def entries(change: Change) -> dict[str, bytes]:
    """A change as the entries that storage keeps."""
    encode = msgspec.json.encode
    stored = {_ORDER + order.client_id: encode(order) for order in change.orders}
    stored |= {_TRADE + trade.execution.execution_id: encode(trade) for trade in change.trades}
    stored |= {_HOLDING + holding.instrument.id: encode(holding) for holding in change.holdings}
    if change.cash is not None:
        stored[_CASH] = encode(change.cash)
    return stored


def restore(stored: Mapping[str, bytes], currency: str, starting_cash: Decimal) -> Book:
    """The book from its entries, whatever order they come in."""
    decode = msgspec.json.decode
    orders = [decode(value, type=Order) for key, value in stored.items() if key.startswith(_ORDER)]
    trades = [decode(value, type=Trade) for key, value in stored.items() if key.startswith(_TRADE)]
    holdings = [decode(value, type=Holding) for key, value in stored.items() if key.startswith(_HOLDING)]
    cash = decode(stored[_CASH], type=Decimal) if _CASH in stored else starting_cash
    book = Book(currency, cash)
    book.apply(
        Change(
            orders=tuple(sorted(orders, key=lambda order: (order.accepted_at, order.broker_order_id))),
            trades=tuple(
                sorted(trades, key=lambda trade: (trade.execution.at, trade.execution.execution_id))
            ),
            holdings=tuple(holdings),
        )
    )
    return book
