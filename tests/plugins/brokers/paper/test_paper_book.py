"""What decides money: the matching core under any sequence of orders, prices and cancels."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.brokers.paper.account import order
from tradewire import ChildState, OrderType, Quote, Side, TimeInForce
from tradewire_paper import admission, margin, matching
from tradewire_paper.book import Book, entries, restore
from tradewire_paper.markets import rate
from tradewire_paper.prices import quote_around
from tradewire_paper.rows import Change, Order
from tradewire_paper.symbols import first_price, resolve

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CASH = Decimal(100000)
SYMBOLS = ("AAPL", "XETR:SAP", "BTCUSD", "EURUSD", "ES1!")

steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "match", "match", "cancel"]),
        st.integers(0, 7),
        st.sampled_from(SYMBOLS),
        st.sampled_from(Side),
        st.integers(1, 400),
        st.sampled_from([OrderType.MARKET, OrderType.LIMIT]),
        st.integers(-300, 300),
    ),
    max_size=40,
)
terms_of_trade = st.builds(
    matching.Terms,
    slippage_bps=st.sampled_from([Decimal(0), Decimal("2.5")]),
    fee_per_unit=st.sampled_from([Decimal(0), Decimal("0.005")]),
    fee_bps=st.sampled_from([Decimal(0), Decimal("7.5")]),
    pieces=st.integers(1, 4),
)


class Floor:
    """A book that is traded on, with prices that a test moves."""

    def __init__(self, terms: matching.Terms, leverage: Decimal = Decimal(1)) -> None:
        self.book = Book("USD", CASH)
        self.terms = terms
        self.leverage = leverage
        self.shift = 0
        self.stored: dict[str, bytes] = {}
        self.refused = 0

    def quote(self, instrument: Any) -> Quote:
        mid = first_price(instrument) * (1 + Decimal(self.shift) / 10000)
        return quote_around(instrument, mid, Decimal(2), NOW)

    def value(self, instrument: Any) -> Decimal:
        mid = self.quote(instrument).mid
        assert mid is not None
        return mid * instrument.multiplier * (rate(instrument.currency, "USD") or Decimal(1))

    def apply(self, change: Change) -> None:
        self.stored |= entries(change)
        self.book.apply(change)

    def place(self, request: Any) -> None:
        known = resolve(request.instrument.id)
        assert known is not None
        new = Order(request=request, broker_order_id=f"P{len(self.book.orders)}", accepted_at=NOW, due=NOW)
        per_unit = rate(known.currency, "USD")
        assert per_unit is not None
        refusal = admission.faulty(self.book, request, known) or admission.unaffordable(
            self.book, new, self.quote(known), self.terms, per_unit, self.value, self.leverage
        )
        if refusal is None:
            self.apply(Change(orders=(new,)))
        else:
            self.refused += 1

    def match(self, client_id: str) -> None:
        found = self.book.orders.get(client_id)
        if found is None or not found.state.is_open:
            return
        price = matching.price_for(found, self.quote(found.instrument), self.terms)
        if price is not None:
            quantity = matching.next_quantity(found, self.terms.pieces)
            per_unit = rate(found.instrument.currency, "USD")
            assert per_unit is not None
            self.apply(matching.fill(self.book, found, quantity, price, self.terms, per_unit, NOW))

    def cancel(self, client_id: str) -> None:
        found = self.book.orders.get(client_id)
        if found is not None and found.state.is_open:
            self.apply(matching.end(found, ChildState.CANCELLED))


def play(floor: Floor, script: list[Any]) -> None:
    for action, number, symbol, side, quantity, kind, shift in script:
        floor.shift = shift
        client_id = f"c{number}"
        if action == "place":
            known = resolve(symbol)
            assert known is not None
            quote = floor.quote(known)
            limit = str(quote.last) if kind is OrderType.LIMIT else None
            amount = str(quantity * known.lot)
            floor.place(order(client_id, side, amount, symbol, limit))
        elif action == "match":
            floor.match(client_id)
        else:
            floor.cancel(client_id)


@given(steps, terms_of_trade)
def test_cash_changes_by_the_value_of_fills_and_their_fees_and_nothing_else(
    script: list[Any], terms: matching.Terms
) -> None:
    floor = Floor(terms)
    play(floor, script)
    expected = CASH
    for trade in floor.book.trades:
        fill = trade.execution
        paid = fill.quantity * fill.side.sign * fill.price * fill.multiplier + fill.fee
        expected -= (paid * (rate(fill.currency, "USD") or Decimal(1))).quantize(Decimal("1e-8"))
    assert floor.book.cash == expected


@given(steps, terms_of_trade)
def test_a_position_is_the_sum_of_its_fills(script: list[Any], terms: matching.Terms) -> None:
    floor = Floor(terms)
    play(floor, script)
    for symbol in SYMBOLS:
        known = resolve(symbol)
        assert known is not None
        fills = [one.execution for one in floor.book.trades if one.execution.instrument_id == known.id]
        assert floor.book.position(known.id) == sum(fill.quantity * fill.side.sign for fill in fills)


@given(steps, terms_of_trade)
def test_no_order_fills_beyond_its_quantity_and_its_fills_add_up(
    script: list[Any], terms: matching.Terms
) -> None:
    floor = Floor(terms)
    play(floor, script)
    for placed in floor.book.orders.values():
        fills = [one.execution for one in floor.book.trades if one.execution.client_id == placed.client_id]
        assert placed.filled == sum(fill.quantity for fill in fills) <= placed.request.quantity
        assert (placed.filled == placed.request.quantity) == (placed.state is ChildState.FILLED)
        assert len({fill.execution_id for fill in fills}) == len(fills) == placed.fills <= terms.pieces


@given(steps, terms_of_trade)
def test_there_is_one_order_per_client_id_and_ids_of_executions_are_unique(
    script: list[Any], terms: matching.Terms
) -> None:
    floor = Floor(terms)
    play(floor, script)
    numbers = [placed.broker_order_id for placed in floor.book.orders.values()]
    assert len(set(numbers)) == len(numbers)
    ids = [trade.execution.execution_id for trade in floor.book.trades]
    assert len(set(ids)) == len(ids)


@given(steps, terms_of_trade)
def test_a_limit_order_never_fills_beyond_its_limit(script: list[Any], terms: matching.Terms) -> None:
    floor = Floor(terms)
    play(floor, script)
    for trade in floor.book.trades:
        limit = floor.book.orders[trade.execution.client_id or ""].request.limit_price
        if limit is not None:
            assert (trade.execution.price - limit) * trade.execution.side.sign <= 0


@given(steps, terms_of_trade)
def test_the_book_comes_back_from_its_entries(script: list[Any], terms: matching.Terms) -> None:
    floor = Floor(terms)
    play(floor, script)
    again = restore(dict(reversed(floor.stored.items())), "USD", CASH)
    assert again.orders == floor.book.orders
    assert again.holdings == floor.book.holdings
    assert again.cash == floor.book.cash
    assert {one.execution.execution_id: one for one in again.trades} == {
        one.execution.execution_id: one for one in floor.book.trades
    }
    assert set(again.open_orders()) == set(floor.book.open_orders())


@given(steps, st.sampled_from([Decimal(1), Decimal(4)]))
@settings(max_examples=60)
def test_no_order_is_accepted_that_the_account_cannot_carry(script: list[Any], leverage: Decimal) -> None:
    floor = Floor(matching.Terms(), leverage)
    for one in script:
        before = margin.buying_power(floor.book, floor.value, leverage)
        known = len(floor.book.orders)
        play(floor, [(*one[:-1], 0)])
        after = margin.buying_power(floor.book, floor.value, leverage)
        if len(floor.book.orders) > known:
            assert after >= 0 or after >= before


@given(st.integers(1, 1000), st.integers(1, 1000), st.sampled_from(Side))
def test_reducing_a_position_needs_no_buying_power(held: int, closing: int, side: Side) -> None:
    floor = Floor(matching.Terms(), Decimal(100))
    floor.place(order("open", side, str(held)))
    floor.match("open")
    floor.leverage = Decimal("0.0001")
    floor.place(order("close", side.opposite, str(min(held, closing))))
    assert floor.refused == 0


@given(st.integers(1, 500), st.integers(1, 500), st.integers(-200, 200))
def test_the_average_price_is_that_of_what_is_open(first: int, second: int, shift: int) -> None:
    floor = Floor(matching.Terms(), Decimal(100))
    floor.place(order("a", Side.BUY, str(first)))
    floor.match("a")
    paid = floor.book.trades[0].execution.price
    floor.shift = shift
    floor.place(order("b", Side.SELL, str(second)))
    floor.match("b")
    sold = floor.book.trades[1].execution.price
    holding = floor.book.holdings["AAPL"]
    expected = paid if first > second else (Decimal(0) if first == second else sold)
    assert (holding.quantity, holding.average_price) == (first - second, expected)


def test_buying_power_counts_what_open_orders_may_still_use() -> None:
    floor = Floor(matching.Terms())
    floor.place(order("a", Side.BUY, "300", limit="200"))
    floor.place(order("b", Side.BUY, "300", limit="200"))
    assert (len(floor.book.orders), floor.refused) == (1, 1)


def test_a_short_needs_buying_power_too() -> None:
    floor = Floor(matching.Terms())
    floor.place(order("a", Side.SELL, "500"))
    assert floor.refused == 1


def test_a_future_needs_a_tenth_of_its_value() -> None:
    floor = Floor(matching.Terms())
    floor.place(order("a", Side.BUY, "3", "ES1!"))
    floor.place(order("b", Side.BUY, "1", "ES1!"))
    assert (len(floor.book.orders), floor.refused) == (1, 1)


def test_a_fill_of_a_future_moves_cash_by_its_multiplier() -> None:
    floor = Floor(matching.Terms())
    floor.place(order("a", Side.BUY, "1", "ES1!"))
    floor.match("a")
    assert floor.book.cash == CASH - 50 * floor.book.trades[0].execution.price


def test_fill_or_kill_ignores_the_pieces() -> None:
    floor = Floor(matching.Terms(pieces=3))
    floor.place(order("a", Side.BUY, "9", tif=TimeInForce.FOK))
    floor.match("a")
    assert floor.book.orders["a"].state is ChildState.FILLED
