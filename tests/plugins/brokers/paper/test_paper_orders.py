"""How the venue takes, fills and ends orders."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from plugins.brokers.paper.account import (
    LATENCY_S,
    START,
    PaperEnv,
    Recorder,
    open_paper,
    order,
    pass_time,
)
from tradewire import (
    Absent,
    Accepted,
    AssetClass,
    ChildState,
    Execution,
    Found,
    OrderType,
    OrderUpdate,
    Rejected,
    RejectKind,
    Side,
    TimeInForce,
)


async def state_of(session: Any, client_id: str) -> Any:
    found = await session.find(client_id, START)
    assert isinstance(found, Found)
    return found.order


def test_a_resting_limit_order_fills_when_the_quote_crosses_it(env: PaperEnv, tmp_path: Any) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(
        "ts,open,high,low,close\n2025-01-02T14:30:00Z,100,100,100,100\n2025-01-02T14:31:00Z,90,90,90,90\n"
    )

    async def scenario() -> None:
        session = await open_paper(env, bars=str(file), spread_bps=0)
        await session.submit(order(limit="95"))
        await pass_time(env, 30)
        assert (await state_of(session, "c1")).state is ChildState.ACKNOWLEDGED
        await pass_time(env, 31)
        (fill,) = await session.executions(START)
        assert fill.price == 90
        await session.close()

    asyncio.run(scenario())


def test_an_order_fills_in_as_many_pieces_as_configured(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, partial_fills=3)
        told = Recorder(session)
        await session.submit(order(quantity="10"))
        for _ in range(3):
            await pass_time(env)
        assert [fill.quantity for fill in told.of(Execution)] == [3, 3, 4]
        assert [update.order.filled for update in told.of(OrderUpdate)] == [0, 3, 6, 10]
        assert told.of(OrderUpdate)[1].order.state is ChildState.PARTLY_FILLED
        await session.close()

    asyncio.run(scenario())


def test_slippage_stops_at_the_limit(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, spread_bps=0, slippage_bps=10)
        await session.submit(order("b", limit="220.05"))
        await session.submit(order("s", Side.SELL, limit="219.95"))
        await pass_time(env)
        assert [fill.price for fill in await session.executions(START)] == [
            Decimal("220.05"),
            Decimal("219.95"),
        ]
        await session.close()

    asyncio.run(scenario())


def test_slippage_worsens_market_orders_on_both_sides(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, spread_bps=0, slippage_bps=10)
        await session.submit(order("b"))
        await session.submit(order("s", Side.SELL))
        await pass_time(env)
        assert [fill.price for fill in await session.executions(START)] == [
            Decimal("220.22"),
            Decimal("219.78"),
        ]
        await session.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (order(quantity="1000"), RejectKind.INSUFFICIENT_FUNDS),
        (order(side=Side.SELL, quantity="1000"), RejectKind.INSUFFICIENT_FUNDS),
        (order(symbol="TSLA"), RejectKind.UNKNOWN_SYMBOL),
        (order(limit="200.001"), RejectKind.PRICE_REJECTED),
        (order(limit="-1"), RejectKind.PRICE_REJECTED),
        (order(order_type=OrderType.LIMIT), RejectKind.PRICE_REJECTED),
        (order(quantity="1.5"), RejectKind.SIZE_REJECTED),
        (order(quantity="0"), RejectKind.SIZE_REJECTED),
        (order(quantity="-5"), RejectKind.SIZE_REJECTED),
        (order(quantity="NaN"), RejectKind.SIZE_REJECTED),
        (order(quantity="10", reduce_only=True), RejectKind.SIZE_REJECTED),
        (order(order_type=OrderType.STOP, stop_price=Decimal(200)), RejectKind.OTHER),
        (order(tif=TimeInForce.OPG), RejectKind.OTHER),
    ],
)
def test_an_order_that_cannot_be_taken_is_refused_with_its_kind_and_a_sentence(
    env: PaperEnv, request_: Any, kind: RejectKind
) -> None:
    async def scenario() -> None:
        session = await open_paper(env, unknown_symbols=["NASDAQ:TSLA"])
        answer = await session.submit(request_)
        assert isinstance(answer, Rejected)
        assert answer.kind is kind
        assert answer.message.endswith(".")
        assert isinstance(await session.find(request_.client_id, START), Absent)
        await session.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_an_immediate_order_that_cannot_fill_is_cancelled(env: PaperEnv, tif: TimeInForce) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order(limit="100", tif=tif))
        await pass_time(env)
        assert (await state_of(session, "c1")).state is ChildState.CANCELLED
        await session.close()

    asyncio.run(scenario())


def test_immediate_or_cancel_keeps_what_filled_and_cancels_the_rest(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, partial_fills=2)
        await session.submit(order(quantity="10", tif=TimeInForce.IOC))
        await pass_time(env)
        ended = await state_of(session, "c1")
        assert (ended.state, ended.filled) == (ChildState.CANCELLED, 5)
        await session.close()

    asyncio.run(scenario())


def test_a_day_order_expires_at_midnight_where_trading_never_closes(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order("day", limit="100", tif=TimeInForce.DAY))
        await session.submit(order("gtc", limit="100", tif=TimeInForce.GTC))
        await pass_time(env)
        await pass_time(env, 10 * 3600)
        assert (await state_of(session, "day")).state is ChildState.EXPIRED
        assert (await state_of(session, "gtc")).state is ChildState.ACKNOWLEDGED
        await session.close()

    asyncio.run(scenario())


def test_a_day_order_in_the_last_moment_of_the_day_still_fills(env: PaperEnv) -> None:
    env.clock.set(START.replace(hour=23, minute=59, second=59, microsecond=999000))

    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order(tif=TimeInForce.DAY))
        await pass_time(env)
        assert (await state_of(session, "c1")).state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


def test_exchange_hours_refuse_orders_while_closed_and_say_when_it_opens(env: PaperEnv) -> None:
    env.clock.set(START - timedelta(hours=1))

    async def scenario() -> None:
        session = await open_paper(env, hours="exchange")
        answer = await session.submit(order())
        assert isinstance(answer, Rejected)
        assert answer.kind is RejectKind.MARKET_CLOSED
        assert "2026-03-02T14:30:00.000Z" in answer.message
        assert isinstance(await session.submit(order("coin", symbol="BTCUSD", quantity="0.1")), Accepted)
        await session.close()

    asyncio.run(scenario())


def test_exchange_hours_end_day_orders_at_the_close(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, hours="exchange")
        await session.submit(order(limit="100", tif=TimeInForce.DAY))
        await pass_time(env)
        await pass_time(env, 6.5 * 3600)
        assert (await state_of(session, "c1")).state is ChildState.EXPIRED
        await session.close()

    asyncio.run(scenario())


def test_outside_the_session_only_a_limit_order_that_says_so_is_taken_and_filled(env: PaperEnv) -> None:
    env.clock.set(START - timedelta(hours=1))

    async def scenario() -> None:
        session = await open_paper(env, hours="exchange")
        stock = AssetClass.STOCK
        assert session.capabilities.supports(stock, OrderType.LIMIT, TimeInForce.DAY, extended_hours=True)
        assert not session.capabilities.supports(
            stock, OrderType.MARKET, TimeInForce.DAY, extended_hours=True
        )
        early = order("early", limit="1000", tif=TimeInForce.DAY)
        assert isinstance(await session.submit(early), Rejected)
        marked = replace(early, client_id="marked", extended_hours=True)
        assert isinstance(await session.submit(marked), Accepted)
        market = replace(order("market"), extended_hours=True)
        assert isinstance(await session.submit(market), Rejected)
        await pass_time(env)
        assert (await state_of(session, "marked")).state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


def test_an_order_for_extended_hours_ends_four_hours_after_the_close(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, hours="exchange")
        await session.submit(replace(order(limit="100", tif=TimeInForce.DAY), extended_hours=True))
        await pass_time(env, 6.5 * 3600)
        assert (await state_of(session, "c1")).state is ChildState.ACKNOWLEDGED
        await pass_time(env, 4 * 3600)
        assert (await state_of(session, "c1")).state is ChildState.EXPIRED
        await session.close()

    asyncio.run(scenario())


def test_an_account_that_always_trades_says_so(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        assert session.capabilities.always_open
        await session.close()

    asyncio.run(scenario())


def test_round_the_clock_is_the_default_even_on_a_sunday_at_three(env: PaperEnv) -> None:
    env.clock.set(START.replace(day=1, hour=3))

    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order(tif=TimeInForce.DAY))
        await pass_time(env)
        assert (await state_of(session, "c1")).state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


def test_a_test_order_fills_like_any_other(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order(test=True))
        await pass_time(env)
        assert (await state_of(session, "c1")).state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())


def test_a_reduce_only_order_closes_but_never_flips(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env)
        await session.submit(order("open", quantity="10"))
        await pass_time(env)
        over = await session.submit(order("over", Side.SELL, "11", reduce_only=True))
        assert isinstance(over, Rejected)
        assert isinstance(await session.submit(order("half", Side.SELL, "6", reduce_only=True)), Accepted)
        assert isinstance(await session.submit(order("more", Side.SELL, "5", reduce_only=True)), Rejected)
        await session.close()

    asyncio.run(scenario())


def test_a_fill_in_another_currency_moves_cash_at_the_rate(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, currency="EUR", spread_bps=0)
        per_dollar = await session.rate("USD", "EUR")
        assert per_dollar == (1 / Decimal("1.08")).quantize(Decimal("1e-10"))
        await session.submit(order(quantity="1"))
        await pass_time(env)
        balances = await session.balances()
        assert balances is not None
        assert balances.cash == (Decimal(100000) - 220 * per_dollar).quantize(Decimal("0.00001"))
        assert await session.rate("EUR", "EUR") == 1
        assert await session.rate("ABC", "EUR") is None
        await session.close()

    asyncio.run(scenario())


def test_the_latency_is_the_configured_one(env: PaperEnv) -> None:
    async def scenario() -> None:
        session = await open_paper(env, latency_ms=250)
        await session.submit(order())
        await pass_time(env, LATENCY_S)
        assert (await state_of(session, "c1")).state is ChildState.ACKNOWLEDGED
        await pass_time(env, 0.25 - LATENCY_S)
        assert (await state_of(session, "c1")).state is ChildState.FILLED
        await session.close()

    asyncio.run(scenario())
