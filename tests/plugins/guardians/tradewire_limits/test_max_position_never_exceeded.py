"""A reference account: every order that was let through is reserved until it ends, and fills as it likes."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire import Decision, Exposure, Quote, Side
from tradewire_limits.breach import OnBreach
from tradewire_limits.max_position import MaxPosition, MaxPositionParams

SYMBOLS = ("AAPL", "TSLA")
PRICES = {"AAPL": Decimal("33.3"), "TSLA": Decimal("7.01")}


class Book:
    def __init__(self):
        self.positions = dict.fromkeys(SYMBOLS, Decimal(0))
        self.live = []  # [symbol, side, unfilled, cancel was asked for]

    def exposure(self, symbol):
        def unfilled(side):
            return sum((one[2] for one in self.live if one[0] == symbol and one[1] is side), Decimal(0))

        return Exposure(
            instrument_id=symbol,
            position=self.positions[symbol],
            live_buy=unfilled(Side.BUY),
            live_sell=unfilled(Side.SELL),
            mark=PRICES[symbol],
            rate=Decimal(1),
        )

    def fill(self, index, share):
        order = self.live[index % len(self.live)]
        quantity = min(order[2], max(Decimal(1), (order[2] * share // 100)))
        order[2] -= quantity
        self.positions[order[0]] += quantity * order[1].sign
        if order[2] == 0:
            self.live.remove(order)

    def end(self, index):
        self.live.pop(index % len(self.live))


steps = st.one_of(
    st.tuples(st.just("order"), st.sampled_from(SYMBOLS), st.sampled_from(Side), st.integers(1, 120)),
    st.tuples(st.just("fill"), st.integers(0, 9), st.integers(1, 100)),
    # A cancel only asks: the order stays reserved and may still fill until it has ended.
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("end"), st.integers(0, 9)),
)


@settings(max_examples=300)
@given(
    steps=st.lists(steps, max_size=40),
    quantity=st.integers(1, 150),
    notional=st.integers(50, 6000),
    on_breach=st.sampled_from(OnBreach),
)
def test_no_sequence_of_orders_fills_and_ends_exceeds_the_position(
    order, view, steps, quantity, notional, on_breach
):
    guardian, book = MaxPosition(), Book()
    params = MaxPositionParams(quantity=Decimal(quantity), notional=Decimal(notional), on_breach=on_breach)
    for step in steps:
        if step[0] == "order":
            _, symbol, side, wanted = step
            instrument = type(order().instrument)(
                id=symbol, symbol=symbol, asset_class=order().instrument.asset_class, currency="USD"
            )
            asked = order(symbol=symbol, instrument=instrument, side=side, quantity=Decimal(wanted))
            price = PRICES[symbol]
            seen = view(
                params=params,
                quote=Quote(instrument_id=symbol, bid=price, ask=price, at=view().now),
                exposure=book.exposure(symbol),
                exposures=tuple(book.exposure(one) for one in SYMBOLS),
            )
            verdict = guardian.guard(asked, seen)
            if verdict.decision is Decision.TRIM:
                assert verdict.quantity is not None
                assert 0 < verdict.quantity < wanted
                book.live.append([symbol, side, verdict.quantity, False])
            elif verdict.decision is Decision.ALLOW:
                book.live.append([symbol, side, asked.quantity, False])
        elif book.live and step[0] == "fill":
            book.fill(step[1], step[2])
        elif book.live and step[0] == "cancel":
            book.live[step[1] % len(book.live)][3] = True
        elif book.live and step[0] == "end":
            book.end(step[1])
        worst = {symbol: book.exposure(symbol).worst() for symbol in SYMBOLS}
        assert max(worst.values()) <= quantity
        assert sum(worst[symbol] * PRICES[symbol] for symbol in SYMBOLS) <= notional
