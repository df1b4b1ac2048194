"""What in a broker's word cannot be, or cannot be stored: it is told of, and keeps out nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from core.brokerage.hosting import hosted
from core.brokerage.scripted_session import ScriptedSession, shown
from core.brokerage.test_reports import update, working
from core.engine.bench import Bench, execution
from core.engine.bench_desk import stock
from tradewire import Accepted
from tradewire.brokerage import reconcile
from tradewire.brokerage.market_view import Want, WantKind
from tradewire.brokerage.unusable import flaw, named
from tradewire.contract.broker import (
    Balances,
    BrokerPosition,
    Execution,
    Found,
    OrderState,
    SubmitResult,
    Unknown,
)
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildState, Side
from tradewire.store.schema import fills, ledger_entries, positions
from tradewire.testing.clock import DEFAULT_START

NUL, SURROGATE, LONG = "a\x00b", "a\ud800b", "x" * 3_000


def alerts(bench: Bench) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row.body) for row in bench.rows(ledger_entries) if row.kind == "alert.raised"]


def alert(bench: Bench) -> dict[str, Any]:
    [one] = alerts(bench)
    return one


BAD_EXECUTIONS: list[dict[str, Any]] = [
    *({"execution_id": text} for text in ("", NUL, SURROGATE, LONG, None, 7)),
    *({"instrument_id": text} for text in ("", NUL, SURROGATE, LONG, None)),
    *({"client_id": text} for text in (NUL, SURROGATE, LONG)),
    *({"broker_order_id": text} for text in (NUL, SURROGATE, LONG)),
    *({"currency": text} for text in (NUL, SURROGATE, LONG, None)),
    *({"fee_currency": text} for text in (NUL, SURROGATE, LONG)),
    {"at": DEFAULT_START.replace(tzinfo=None)},
    {"at": None},
    {"at": "2026-03-02"},
    {"side": None},
    {"quantity": 1.5},
    {"price": "100"},
]
BAD_ORDERS: list[dict[str, Any]] = [
    *({"broker_order_id": text} for text in (NUL, SURROGATE, LONG)),
    *({"client_id": text} for text in (NUL, SURROGATE, LONG)),
    {"instrument_id": NUL},
    {"filled": Decimal("NaN")},
    {"filled": Decimal(-1)},
    {"quantity": Decimal("Infinity")},
    {"state": "filled"},
    {"message": 7},
]


def test_executions_that_cannot_be_stored_are_named_once_each_and_the_others_are_booked(
    bench: Bench,
) -> None:
    _, child = working(bench)
    bad = [
        msgspec.structs.replace(execution(child, f"bad {number}", 3), **fields)
        for number, fields in enumerate(BAD_EXECUTIONS)
    ]
    for _ in range(2):
        bench.report(execution(child, "before", 2), *bad, execution(child, "after", 4))
    assert bench.held() == 6
    told = alerts(bench)
    assert [one["data"]["execution"] for one in told] == [named(one.execution_id) for one in bad]
    assert all("is not booked: it" in one["reason"] for one in told)


def test_what_is_said_of_orders_and_cannot_be_used_is_told_once_each_and_the_rest_counts(
    bench: Bench,
) -> None:
    _, child = working(bench)
    bad = []
    for number, fields in enumerate(BAD_ORDERS):
        said = update(child, ChildState.ACKNOWLEDGED)
        order = msgspec.structs.replace(said.order, **({"broker_order_id": f"b{number}"} | fields))
        bad.append(msgspec.structs.replace(said, order=order))
    for _ in range(2):
        bench.report(*bad, execution(child, "e", 4))
    assert bench.held() == 4
    told = alerts(bench)
    assert len(told) == len(bad)
    assert all("cannot be used: it" in one["reason"] for one in told)


@pytest.mark.parametrize("name", [NUL, SURROGATE, LONG], ids=["NUL", "surrogate", "long"])
def test_an_order_is_acknowledged_under_whatever_name_the_broker_gives_it(bench: Bench, name: str) -> None:
    _, child = working(bench)
    bench.submitted(child.client_id, Accepted(broker_order_id=name))
    stored = bench.child(child.client_id)
    assert (stored.state, stored.broker_order_id) == (ChildState.ACKNOWLEDGED, named(name))


def test_the_words_of_a_refusal_are_kept_as_far_as_they_can_be(bench: Bench) -> None:
    _, child = working(bench)
    bench.report(update(child, ChildState.REJECTED, message=f"no \ud800 {LONG}"))
    stored = bench.child(child.client_id)
    assert stored.state is ChildState.REJECTED
    assert (stored.detail or "").startswith("no ? xxx")
    assert len(stored.detail or "") < 1_100


def test_the_id_of_a_strangers_order_may_be_longer_than_ours(bench: Bench) -> None:
    _, child = working(bench)
    theirs = execution(child, "e", 4, client_id="3d5ab3ba-1f0c-4f51-9d0a-8a7c0f1e2d3c-2", broker_order_id="x")
    assert bench.report(theirs).fills == 1
    assert bench.held("") == 4


def test_names_that_cannot_be_stored_stay_apart() -> None:
    odd = [NUL, SURROGATE, LONG, LONG + "x", "a\x00c", None, 7]
    names = {named(one) for one in odd}
    assert len(names) == len(odd)
    assert all(name.isascii() or "…" in name for name in names)
    assert max(map(len, names)) < 255
    assert named("plain-1 ü") == "plain-1 ü"


# The same execution, told otherwise


OTHERWISE: list[dict[str, Any]] = [
    {"price": Decimal(101)},
    {"quantity": Decimal(5)},
    {"side": Side.SELL},
    {"instrument_id": "MSFT"},
    {"currency": "EUR"},
]


def test_an_execution_that_is_told_otherwise_later_is_told_of_once_and_stays_as_it_was(
    bench: Bench,
) -> None:
    _, child = working(bench)
    first = [execution(child, f"e{number}", 2) for number, _ in enumerate(OTHERWISE)]
    bench.report(*first)
    other = [msgspec.structs.replace(one, **fields) for one, fields in zip(first, OTHERWISE, strict=True)]
    for _ in range(2):
        bench.report(*other, *first)
    assert bench.held() == 10
    told = alerts(bench)
    assert [one["data"]["execution"] for one in told] == [one.execution_id for one in first]
    assert all("booked as buy 2 AAPL at 100 USD. That stays" in one["reason"] for one in told)
    assert {one["client_id"] for one in told} == {child.client_id}


def test_two_in_one_batch_that_contradict_each_other_are_told_of(bench: Bench) -> None:
    _, child = working(bench)
    first = execution(child, "e", 4)
    other = msgspec.structs.replace(first, price=Decimal(99))
    bench.report(first, other, other)
    assert "otherwise than before" in alert(bench)["reason"]
    assert len(bench.fills()) == 1


def test_a_fee_or_a_client_id_that_comes_later_is_no_contradiction(bench: Bench) -> None:
    _, child = working(bench)
    first = execution(child, "e", 4)
    bench.report(first)
    same: list[dict[str, Any]] = [{"fee": Decimal(1)}, {"price": Decimal("100.00")}, {"client_id": None}]
    bench.report(*(msgspec.structs.replace(first, **fields) for fields in same))
    assert alerts(bench) == []


def test_one_that_was_not_booked_may_be_told_otherwise(bench: Bench) -> None:
    _, child = working(bench)
    odd = execution(child, "odd", 4, side=Side.SELL)
    bench.report(odd, msgspec.structs.replace(odd, price=Decimal(1)))
    bench.report(msgspec.structs.replace(odd, price=Decimal(2)))
    assert "not booked" in alert(bench)["reason"]


# In another currency, or counted otherwise


@pytest.mark.parametrize("fields", [{"currency": "EUR"}, {"multiplier": Decimal(100)}], ids=str)
def test_a_currency_or_multiplier_that_is_not_the_instruments_is_told_once(
    bench: Bench, fields: dict[str, Any]
) -> None:
    _, child = working(bench)
    bench.report(execution(child, "1", 2, **fields), execution(child, "2", 3))
    bench.report(execution(child, "3", 1, **fields))
    assert bench.held() == 6
    told = alerts(bench)
    assert "is known in USD x 1" in told[0]["reason"]
    assert told[0]["data"]["execution"] == "1"
    assert len([one for one in told if one["data"]["execution"] in ("1", "3")]) == 1


def test_what_is_held_of_old_in_no_known_currency_contradicts_nothing(bench: Bench) -> None:
    _, child = working(bench)
    there = (BrokerPosition(instrument_id="ES", quantity=Decimal(3)),)
    bench.write(reconcile.store_compared, account_id="acc", held=there, standing=(), now=bench.clock.now())
    bench.report(
        execution(
            child, "e", 4, client_id=None, broker_order_id="x", instrument_id="ES", multiplier=Decimal(50)
        )
    )
    assert alerts(bench) == []


# Dates


FAR = datetime(2099, 1, 1, tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))


@pytest.mark.parametrize("at", [FAR, FIRST, datetime(1970, 1, 1, tzinfo=UTC)], ids=str)
def test_an_execution_of_an_impossible_date_is_booked_as_of_now_and_told_of(
    bench: Bench, at: datetime
) -> None:
    _, child = working(bench)
    bench.report(execution(child, "odd", 4, at=at))
    assert bench.held() == 4
    [fill] = bench.rows(fills)
    assert fill.at == bench.clock.now()
    assert "which cannot be" in alert(bench)["reason"]


def test_a_clock_that_is_a_little_ahead_is_believed(bench: Bench) -> None:
    _, child = working(bench)
    at = bench.clock.now() + timedelta(minutes=4)
    bench.report(execution(child, "e", 4, at=at))
    [fill] = bench.rows(fills)
    assert fill.at == at
    assert alerts(bench) == []


class Asked(ScriptedSession):
    """Remembers since when it was asked for executions."""

    def __init__(self) -> None:
        super().__init__()
        self.since: list[datetime] = []

    async def executions(self, since: datetime) -> Any:
        self.since.append(since)
        return [one for one in self.executed if one.at >= since]


@pytest.mark.parametrize(
    ("at", "stored_at"),
    [(FAR, None), (FAR, FAR), (datetime.min.replace(tzinfo=UTC), None)],
    ids=["dated ahead", "stored while our clock was ahead", "of the year one"],
)
def test_no_stored_date_makes_later_executions_invisible(
    bench: Bench, at: datetime, stored_at: datetime | None
) -> None:
    """An earlier Tradewire stored them as they were told."""
    _, child = working(bench)
    bench.report(execution(child, "odd", 4))
    changed = {"at": at} if stored_at is None else {"at": at, "stored_at": stored_at}
    bench.write(lambda conn: conn.execute(fills.update().values(**changed)))

    async def go() -> None:
        session = Asked()
        session.executed.append(execution(child, "later", 6, at=bench.clock.now()))
        async with hosted(bench, session) as one:
            await one.ready()
            await one.until(lambda: bench.held() == 10)
        assert all(since <= bench.clock.now() - timedelta(minutes=30) for since in session.since)

    asyncio.run(go())


# What is asked for


async def lost(order: Any) -> SubmitResult:
    return Unknown(cause="no answer")


def test_a_look_up_that_finds_what_cannot_be_used_proves_nothing(bench: Bench) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.answer = lost

        def found(client_id: str) -> Found:
            [order] = session.sent
            return Found(order=msgspec.structs.replace(shown(order), filled=Decimal("NaN")))

        session.found = found
        async with hosted(bench, session) as one:
            await one.ready()
            child = await one.sent()
            await one.until(lambda: bench.child(child.client_id).look_ups >= 3)
        assert bench.child(child.client_id).state is ChildState.UNKNOWN

    asyncio.run(go())


@pytest.mark.parametrize("quantity", [Decimal("NaN"), 1.5])
def test_an_account_with_a_position_that_cannot_be_read_is_not_ready(bench: Bench, quantity: Any) -> None:
    async def go() -> None:
        session = ScriptedSession()
        session.held.append(BrokerPosition(instrument_id="AAPL", quantity=quantity, currency="USD"))
        async with hosted(bench, session, ConnectionError("no second one")) as one:
            await one.until(lambda: any("of AAPL is unusable" in why for why in one.whys))
        assert bench.rows(positions) == []

    asyncio.run(go())


def test_a_foreign_order_that_cannot_be_used_hides_no_other(bench: Bench) -> None:
    def order(name: str, quantity: Decimal) -> OrderState:
        return OrderState(
            client_id=None,
            broker_order_id=name,
            instrument_id="AAPL",
            side=Side.BUY,
            quantity=quantity,
            filled=Decimal(0),
            state=ChildState.ACKNOWLEDGED,
        )

    orders = [order("nan", Decimal("NaN")), order(SURROGATE, Decimal(1)), order("good", Decimal(7))]
    found = bench.store.read_now(lambda conn: reconcile.foreign_orders(conn, "acc", orders))
    assert [one.quantity for one in found] == [7]


class Lying(ScriptedSession):
    """Says of prices, rates, equity and instruments what cannot be."""

    def __init__(self, lie: Any) -> None:
        super().__init__()
        self.lie = lie

    async def rate(self, currency: str, base: str) -> Decimal | None:
        return cast(Decimal, self.lie)

    async def balances(self) -> Balances | None:
        return Balances(cash=self.lie, equity=self.lie)

    async def quote(self, instrument: Instrument) -> Quote | None:
        return Quote(instrument_id=instrument.id, at=DEFAULT_START, bid=self.lie, ask=self.lie)

    async def resolve(self, symbol: str) -> list[Instrument]:
        return [msgspec.structs.replace(stock(symbol), multiplier=self.lie), stock(f"{symbol}.B")]


@pytest.mark.parametrize("lie", [Decimal("NaN"), Decimal("Infinity"), 1.5, "2"], ids=repr)
def test_a_price_a_rate_or_an_equity_that_is_no_number_is_taken_as_not_told(bench: Bench, lie: Any) -> None:
    async def go() -> None:
        async with hosted(bench, Lying(lie)) as one:
            await one.ready()
            assert (one.standing.equity, one.standing.cash) == (None, None)
            kinds = {WantKind.RATE: "EUR", WantKind.EQUITY: "USD", WantKind.QUOTE: "OTHER.B"}
            wants = [Want(kind=kind, account_id="acc", key=key) for kind, key in kinds.items()]
            for want in wants:
                one.host.want(want)
            await one.until(lambda: set(wants) <= one.memory.view("acc").missing)
            assert (one.memory.rates, one.memory.quotes, one.standing.equity) == ({}, {}, None)

    asyncio.run(go())


@pytest.mark.parametrize("lie", [Decimal(0), Decimal(-1)], ids=repr)
def test_at_a_rate_or_multiplier_that_is_not_above_zero_nothing_is_reckoned(bench: Bench, lie: Any) -> None:
    async def go() -> None:
        async with hosted(bench, Lying(lie)) as one:
            await one.ready()
            rate = Want(kind=WantKind.RATE, account_id="acc", key="EUR")
            symbol = Want(kind=WantKind.RESOLVE, account_id="acc", key="OTHER")
            for want in (rate, symbol):
                one.host.want(want)
            await one.until(lambda: rate in one.memory.view("acc").missing)
            await one.until(lambda: ("acc", "OTHER") in one.memory.resolved)
            assert [found.id for found in one.memory.resolved[("acc", "OTHER")]] == ["OTHER.B"]

    asyncio.run(go())


def test_what_is_as_it_should_be_has_no_flaw(bench: Bench) -> None:
    _, child = working(bench)
    told: list[Execution | OrderState] = [execution(child, "e", 1), update(child, ChildState.FILLED, 1).order]
    assert [flaw(one) for one in told] == [None, None]
