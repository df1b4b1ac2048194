"""Both blueprints under any interleaving of what a broker, a user and the clock may do."""

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire import AssetClass, ChildState, Instrument, OrderType, Quote, Side
from tradewire_limit.limit import Limit
from tradewire_limit.params import LimitParams, OnExpire
from tradewire_market.market import Market, MarketParams

MARKET = st.tuples(st.just(Market()), st.just(MarketParams()))
LIMIT = st.tuples(
    st.just(Limit()),
    st.sampled_from(
        [
            LimitParams(price=Decimal(100)),
            LimitParams(price=Decimal(100), ttl_s=30),
            LimitParams(price=Decimal(100), ttl_s=30, on_expire=OnExpire.MARKET),
        ]
    ),
)
EVENTS = st.one_of(
    st.just(("step",)),
    st.just(("acknowledge",)),
    st.just(("unknown",)),
    st.tuples(st.just("fill"), st.integers(1, 80)),
    st.tuples(st.just("execution"), st.integers(1, 80)),
    st.just(("report fills",)),
    st.tuples(
        st.just("end"), st.sampled_from([ChildState.REJECTED, ChildState.CANCELLED, ChildState.EXPIRED])
    ),
    st.just(("cancel parent",)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
)


class Outstanding:
    """Fills that the child's order state tells of before their executions reach the parent."""

    def __init__(self, venue):
        self.venue = venue
        self.quantity = Decimal(0)

    def execute(self, index, quantity):
        before = self.venue.parent
        filled = self.venue.filled()
        self.venue.fill(index, quantity)
        self.venue.parent = before
        self.quantity += self.venue.filled() - filled

    def report(self):
        parent = self.venue.parent
        self.venue.parent = msgspec.structs.replace(parent, filled=parent.filled + self.quantity)
        self.quantity = Decimal(0)


def happen(venue, outstanding, event):
    open_ones = [index for index, child in enumerate(venue.children) if child.state.is_open]
    match event:
        case ("step",):
            venue.step()
        case ("wait", seconds):
            venue.pass_time(seconds)
        case ("cancel parent",):
            venue.cancel()
        case ("report fills",):
            outstanding.report()
        case _ if not open_ones:
            pass
        case ("acknowledge",):
            venue.change(open_ones[0], state=ChildState.ACKNOWLEDGED)
        case ("unknown",):
            venue.change(open_ones[0], state=ChildState.UNKNOWN)
        case ("fill", quantity):
            venue.fill(open_ones[0], Decimal(quantity))
        case ("execution", quantity):
            outstanding.execute(open_ones[0], Decimal(quantity))
        case ("end", ChildState.REJECTED) if venue.children[open_ones[0]].filled > 0:
            pass
        case ("end", state):
            venue.end(open_ones[0], state)


@settings(max_examples=400)
@given(
    worked=st.one_of(MARKET, LIMIT),
    types=st.sampled_from([(OrderType.MARKET, OrderType.LIMIT), (OrderType.LIMIT,)]),
    quantity=st.decimals("0.5", 200, places=1),
    lot=st.sampled_from(["1", "0.1", "7"]),
    side=st.sampled_from(Side),
    events=st.lists(EVENTS, max_size=30),
)
def test_filled_and_open_never_exceed_the_parent_and_it_always_comes_to_an_end(
    venue, parent, capabilities, worked, types, quantity, lot, side, events
):
    blueprint, params = worked
    instrument = Instrument(
        id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD", lot=Decimal(lot)
    )
    quote = Quote(instrument_id="AAPL", bid=Decimal(99), ask=Decimal(101), at=venue(None, None, None).now)
    book = venue(
        blueprint,
        params,
        parent(quantity=quantity, side=side),
        instrument=instrument,
        capabilities=capabilities(*types),
        quote=quote,
    )
    outstanding = Outstanding(book)
    for event in events:
        if book.finish is not None:
            break
        happen(book, outstanding, event)
        assert book.filled() + book.working() <= quantity
        assert all(child.quantity % Decimal(lot) == 0 for child in book.children)
    for _ in range(6):
        if book.finish is not None:
            break
        book.step()
        happen(book, outstanding, ("end", ChildState.CANCELLED))
        outstanding.report()
    book.finish or book.step()
    assert book.finish is not None
    assert len({child.client_id for child in book.children}) == len(book.children) <= 2


@given(worked=st.one_of(MARKET, LIMIT), refusal=st.sampled_from(["price_rejected", "insufficient_funds"]))
def test_a_child_that_was_refused_is_never_placed_again(venue, parent, worked, refusal):
    book = venue(*worked, parent())
    book.step()
    book.end(0, ChildState.REJECTED, reason=refusal, detail="The broker says no")
    book.pass_time(100)
    book.step()
    assert book.finish is not None
    assert (book.finish.state, book.finish.reason) == ("rejected", refusal)
    assert "The broker says no" in book.finish.message
    assert len(book.children) == 1
