"""Exposures that are kept up while a plan goes on are those that are counted anew."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire.brokerage.market_view import ForeignOrder
from tradewire.domain.exposure import Exposure
from tradewire.domain.order import ParentOrder, ParentState, Purpose, Side
from tradewire.engine.account_view import Holding
from tradewire.engine.exposures import Price, exposures
from tradewire.engine.tally import Tally

NAMES = ("AAPL", "MSFT", "TSLA")
PRICES = {name: Price(mark=Decimal(100 + place), rate=Decimal(1)) for place, name in enumerate(NAMES)}
MULTIPLIERS = dict.fromkeys(NAMES, Decimal(10))
AT = datetime(2026, 3, 2, tzinfo=UTC)

instruments = st.sampled_from(NAMES)
amounts = st.integers(0, 50).map(Decimal)
holdings = st.builds(
    Holding,
    account_id=st.just("acc"),
    algorithm_id=st.just("alg"),
    instrument_id=instruments,
    currency=st.just("USD"),
    multiplier=st.just(Decimal(10)),
    quantity=st.integers(-50, 50).map(Decimal),
)
foreign_orders = st.builds(
    ForeignOrder, instrument_id=instruments, side=st.sampled_from(Side), quantity=amounts
)


def parents(number: int) -> st.SearchStrategy[ParentOrder]:
    return st.builds(
        ParentOrder,
        id=st.just(f"p{number}"),
        signal_id=st.just("s"),
        algorithm_id=st.just("alg"),
        account_id=st.just("acc"),
        purpose=st.sampled_from(Purpose),
        symbol=st.just("?"),
        instrument_id=st.none() | instruments,
        side=st.none() | st.sampled_from(Side),
        quantity=st.none() | amounts,
        filled=amounts,
        blueprint=st.just("market"),
        state=st.sampled_from(ParentState),
        created_at=st.just(AT),
    )


plans = st.lists(st.integers(0, 4).flatmap(parents), max_size=12)


def blank(name: str) -> Exposure:
    price = PRICES[name]
    return Exposure(instrument_id=name, mark=price.mark, rate=price.rate, multiplier=MULTIPLIERS[name])


def counted(held: list[Holding], live: list[ParentOrder], foreign: list[ForeignOrder]) -> dict[str, Exposure]:
    return exposures(held, live, foreign, PRICES, MULTIPLIERS)


@settings(deadline=None)
@given(
    st.lists(holdings, max_size=4),
    st.lists(foreign_orders, max_size=3),
    st.tuples(*(parents(number) for number in range(4))),
    plans,
)
def test_whatever_a_plan_changes_the_tally_is_what_counting_anew_finds(
    held: list[Holding], foreign: list[ForeignOrder], first: tuple[ParentOrder, ...], plan: list[ParentOrder]
) -> None:
    live = {one.id: one for one in first}
    lasting = [one.instrument_id for one in (*held, *foreign)]
    tally = Tally(counted(held, list(first), foreign), lasting, first, blank)
    for changed in plan:
        live[changed.id] = changed
        tally.note(changed)
        others = [one for one in live.values() if one.id != changed.id]
        assert tally.without(changed.id) == counted(held, others, foreign)
        assert tally.without("nobody") == counted(held, list(live.values()), foreign)


def test_an_instrument_that_only_a_foreign_order_named_gets_its_price_with_our_first_order() -> None:
    foreign = [ForeignOrder(instrument_id="AAPL", side=Side.BUY, quantity=Decimal(1))]
    unpriced = exposures([], [], foreign, {}, {})
    assert unpriced["AAPL"].mark is None
    tally = Tally(unpriced, ["AAPL"], [], blank)
    parent = ParentOrder(
        id="p",
        signal_id="s",
        algorithm_id="alg",
        account_id="acc",
        purpose=Purpose.ENTRY,
        symbol="AAPL",
        instrument_id="AAPL",
        side=Side.BUY,
        quantity=Decimal(5),
        blueprint="market",
        state=ParentState.WORKING,
        created_at=AT,
    )
    tally.note(parent)
    assert tally.without("")["AAPL"] == msgspec.structs.replace(
        blank("AAPL"), live_buy=Decimal(5), foreign_buy=Decimal(1)
    )
