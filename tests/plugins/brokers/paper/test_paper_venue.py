"""The venue as a real process, spoken to by the real session over HTTP and WebSocket."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import plain_http
from plugins.brokers.paper.account import MemoryState, RealEnv, Recorder, open_paper, order
from plugins.brokers.paper.process import VenueProcess
from tradewire import (
    Absent,
    Accepted,
    CancelOutcome,
    ChildState,
    Execution,
    Found,
    HealthChange,
    HealthState,
    Inconclusive,
    OrderRef,
    OrderUpdate,
    Rejected,
    RejectKind,
    Session,
    StreamGap,
    Unknown,
)
from tradewire_paper.faults import FaultKind
from tradewire_paper.wire import Books, Submit

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REF = OrderRef(client_id="c1", broker_order_id=None, instrument_id="AAPL")


@asynccontextmanager
async def connected(url: str, state: MemoryState | None = None, **config: Any) -> AsyncIterator[Any]:
    """A session whose stream is up, and the recorder of its events."""
    session = await open_paper(RealEnv(state), url=url, **config)
    told = Recorder(session)
    try:
        await told.until(is_ready)
        yield session, told
    finally:
        await session.close()
        await told.task


def is_ready(told: Recorder) -> bool:
    changes = told.of(HealthChange)
    return bool(changes) and changes[-1].state is HealthState.READY


def filled(*client_ids: str) -> Any:
    return lambda told: {fill.client_id for fill in told.of(Execution)} >= set(client_ids)


def ended(client_id: str) -> Any:
    return lambda told: any(
        update.order.client_id == client_id and not update.order.state.is_open
        for update in told.of(OrderUpdate)
    )


def load(venue: VenueProcess, *faults: dict[str, Any]) -> None:
    plain_http.post(f"{venue.url}/faults", json={"faults": faults}, trust_env=False).raise_for_status()


def book(venue: VenueProcess) -> Books:
    reply = plain_http.get(f"{venue.url}/book", trust_env=False)
    return msgspec.json.decode(reply.content, type=Books)


def orders_of(venue: VenueProcess) -> Sequence[Any]:
    """The orders of the one account, after a check that no client id is there twice and fills add up."""
    (account,) = book(venue).accounts
    assert max(Counter(one.request.client_id for one in account.orders).values(), default=1) == 1
    assert len({one.broker_order_id for one in account.orders}) == len(account.orders)
    for one in account.orders:
        fills = [
            trade.execution for trade in account.executions if trade.execution.client_id == one.client_id
        ]
        assert one.filled == sum(fill.quantity for fill in fills) <= one.request.quantity
    return account.orders


def test_an_order_goes_over_the_wire_and_its_fill_comes_back(venue: VenueProcess) -> None:
    async def scenario() -> None:
        async with connected(venue.url, starting_cash="50000") as (session, told):
            (instrument,) = await session.resolve("NASDAQ:AAPL")
            assert await session.resolve("no such thing") == ()
            quote = await session.quote(instrument)
            assert quote.ask == Decimal("220.03")
            assert isinstance(await session.submit(order(quantity="100")), Accepted)
            await told.until(filled("c1"))
            (fill,) = told.of(Execution)
            assert await session.executions(LONG_AGO) == (fill,)
            assert (await session.balances()).cash == 50000 - fill.quantity * fill.price
            assert [one.quantity for one in await session.positions()] == [100]
            assert await session.rate("EUR", "USD") == Decimal("1.08")
            refused = await session.submit(order("c2", quantity="1000"))
            assert isinstance(refused, Rejected)
            assert refused.kind is RejectKind.INSUFFICIENT_FUNDS

    asyncio.run(scenario())
    assert [one.client_id for one in orders_of(venue)] == ["c1"]


def test_a_resting_order_is_listed_found_and_cancelled(venue: VenueProcess) -> None:
    async def scenario() -> None:
        async with connected(venue.url) as (session, told):
            await session.submit(order(limit="100"))
            (resting,) = await session.open_orders()
            assert await session.find("c1", LONG_AGO) == Found(order=resting)
            assert await session.cancel(REF) is CancelOutcome.REQUESTED
            await told.until(ended("c1"))
            assert await session.cancel(REF) is CancelOutcome.TOO_LATE
            nobody = OrderRef(client_id="nobody", broker_order_id=None, instrument_id="AAPL")
            assert await session.cancel(nobody) is CancelOutcome.NOT_FOUND

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ACCEPT_THEN_500,
        FaultKind.ACCEPT_THEN_RESET,
        FaultKind.ACCEPT_THEN_HTML,
        FaultKind.ACCEPT_THEN_HANG,
    ],
)
def test_a_lost_answer_is_unknown_and_the_order_is_found(venue: VenueProcess, kind: FaultKind) -> None:
    load(venue, {"kind": kind})

    async def scenario() -> None:
        async with connected(venue.url, timeout_s=0.3) as (session, told):
            assert isinstance(await session.submit(order()), Unknown)
            assert isinstance(await session.find("c1", LONG_AGO), Found)
            again = await session.submit(order())
            assert isinstance(again, Rejected)
            assert again.kind is RejectKind.DUPLICATE
            await told.until(filled("c1"))

    asyncio.run(scenario())
    assert len(orders_of(venue)) == 1


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.DROP_THEN_HANG])
def test_a_dropped_order_is_unknown_then_absent_then_taken(venue: VenueProcess, kind: FaultKind) -> None:
    load(venue, {"kind": kind})

    async def scenario() -> None:
        async with connected(venue.url, timeout_s=0.3) as (session, told):
            assert isinstance(await session.submit(order()), Unknown)
            assert isinstance(await session.find("c1", LONG_AGO), Absent)
            assert isinstance(await session.submit(order()), Accepted)
            await told.until(filled("c1"))

    asyncio.run(scenario())
    assert len(orders_of(venue)) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "429"}, RejectKind.RATE_LIMITED),
        ({"kind": "reject", "reject": "permission"}, RejectKind.PERMISSION),
    ],
)
def test_a_scripted_refusal_comes_over_the_wire(
    venue: VenueProcess, fault: dict[str, Any], kind: RejectKind
) -> None:
    load(venue, fault)

    async def scenario() -> None:
        async with connected(venue.url) as (session, _):
            answer = await session.submit(order())
            assert isinstance(answer, Rejected)
            assert answer.kind is kind
            assert isinstance(await session.find("c1", LONG_AGO), Absent)

    asyncio.run(scenario())
    assert len(orders_of(venue)) == 0


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.FILL_BEFORE_ACK,
        FaultKind.DUP_EVENT,
        FaultKind.OUT_OF_ORDER,
        FaultKind.PARTIAL_THEN_CANCEL,
    ],
)
def test_bent_events_arrive_and_the_book_stays_straight(venue: VenueProcess, kind: FaultKind) -> None:
    load(venue, {"kind": kind})

    async def scenario() -> None:
        async with connected(venue.url) as (session, told):
            assert isinstance(await session.submit(order()), Accepted)
            await told.until(lambda one: filled("c1")(one) and ended("c1")(one))
            assert {fill.execution_id for fill in told.of(Execution)} == {
                fill.execution_id for fill in await session.executions(LONG_AGO)
            }

    asyncio.run(scenario())
    assert len(orders_of(venue)) == 1


def test_a_fill_after_the_cancel_arrives(venue: VenueProcess) -> None:
    load(venue, {"kind": "late_fill_after_cancel"})

    async def scenario() -> None:
        async with connected(venue.url) as (session, told):
            await session.submit(order())
            assert await session.cancel(REF) is CancelOutcome.REQUESTED
            await told.until(filled("c1"))

    asyncio.run(scenario())
    (one,) = orders_of(venue)
    assert (one.state, one.filled) == (ChildState.CANCELLED, 5)


def test_a_cut_stream_is_taken_up_again_with_a_gap_that_covers_the_loss(venue: VenueProcess) -> None:
    load(venue, {"kind": "stream_drop"})

    async def scenario() -> None:
        async with connected(venue.url) as (session, told):
            assert isinstance(await session.submit(order()), Accepted)
            await told.until(lambda one: len(one.of(StreamGap)) == 2 and is_ready(one))
            states = [change.state for change in told.of(HealthChange)]
            assert states[-2:] == [HealthState.DEGRADED, HealthState.READY]
            (fill,) = await session.executions(LONG_AGO)
            gap = told.of(StreamGap)[-1]
            assert gap.since <= fill.at
            assert isinstance(await session.submit(order("c2")), Accepted)
            await told.until(filled("c2"))

    asyncio.run(scenario())


def test_a_killed_venue_loses_nothing_and_the_session_comes_back(venue: VenueProcess) -> None:
    async def scenario() -> None:
        async with connected(venue.url, timeout_s=1) as (session, told):
            await session.submit(order("resting", limit="100"))
            answers = await asyncio.gather(*(session.submit(order(f"m{n}", quantity="1")) for n in range(20)))
            assert all(isinstance(answer, Accepted) for answer in answers)
            venue.kill()
            await told.until(lambda one: one.of(HealthChange)[-1].state is HealthState.DEGRADED)
            assert isinstance(await session.submit(order("while_down")), Unknown)
            assert isinstance(await session.find("while_down", LONG_AGO), Inconclusive)
            assert await session.cancel(REF) is CancelOutcome.UNKNOWN
            assert await session.balances() is None
            with pytest.raises(ConnectionError):
                await session.open_orders()
            await asyncio.to_thread(venue.start)
            await told.until(is_ready)
            assert isinstance(await session.find("while_down", LONG_AGO), Absent)
            async with asyncio.timeout(60):
                while len(await session.open_orders()) > 1:
                    pass
            assert [one.client_id for one in await session.open_orders()] == ["resting"]
            assert len(await session.executions(LONG_AGO)) == 20

    asyncio.run(scenario())
    assert len(orders_of(venue)) == 21


def test_a_transmission_overtaken_by_its_look_up_is_never_taken(venue: VenueProcess) -> None:
    def send(attempt: int) -> int:
        body = msgspec.json.encode(Submit(account="a", attempt=attempt, order=order()))
        return plain_http.post(f"{venue.url}/orders", content=body, trust_env=False).status_code

    query = {"account": "a", "client_id": "c1", "fence": "7"}
    reply = plain_http.get(f"{venue.url}/order", params=query, trust_env=False)
    assert msgspec.json.decode(reply.content, type=Absent).proof
    assert send(7) == 410
    assert send(8) == 201
    assert send(9) == 409


def test_a_new_session_numbers_its_transmissions_above_those_of_the_old(venue: VenueProcess) -> None:
    state = MemoryState()

    async def scenario() -> None:
        async with connected(venue.url, state) as (session, _):
            await session.submit(order())
            await session.find("c2", LONG_AGO)
        async with connected(venue.url, state) as (session, _):
            assert isinstance(await session.submit(order("c2")), Accepted)

    asyncio.run(scenario())


def test_accounts_are_apart_and_open_with_their_own_cash(venue: VenueProcess) -> None:
    async def scenario() -> None:
        async with (
            connected(venue.url, venue_account="one", starting_cash="1000") as (one, _),
            connected(venue.url, venue_account="two", starting_cash="2000") as (two, told),
        ):
            await two.submit(order(quantity="5"))
            await told.until(filled("c1"))
            assert (await one.balances()).cash == 1000
            assert await one.executions(LONG_AGO) == ()
            assert isinstance(await one.submit(order(quantity="1")), Accepted)

    asyncio.run(scenario())
    assert {account.account for account in book(venue).accounts} == {"one", "two"}


def test_a_session_opens_before_its_venue_is_there(tmp_path: Path) -> None:
    venue = VenueProcess(tmp_path)
    venue.kill()

    async def scenario() -> None:
        session: Session = await open_paper(RealEnv(), url=venue.url)
        told = Recorder(session)
        assert session.health() is HealthState.CONNECTING
        assert isinstance(await session.submit(order()), Unknown)
        await asyncio.to_thread(venue.start)
        await told.until(is_ready)
        assert isinstance(await session.submit(order()), Accepted)
        await session.close()
        assert session.health() is HealthState.DOWN

    asyncio.run(scenario())
    assert venue.stop() == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("POST", "/orders", b"{", 400),
        ("POST", "/orders", b'{"account": 5}', 400),
        ("GET", "/order?account=a", b"", 400),
        ("GET", "/order?account=a&client_id=c&fence=x", b"", 400),
        ("GET", "/executions?account=a&since=yesterday", b"", 400),
        ("GET", "/events?account=a", b"", 404),
        ("POST", "/faults", b'{"faults": [{"kind": "explode"}]}', 400),
        ("GET", "/health", b"", 200),
        ("DELETE", "/faults", b"", 200),
    ],
)
def test_what_the_venue_does_not_understand_is_answered_with_a_sentence(
    venue: VenueProcess, method: str, path: str, body: bytes, status: int
) -> None:
    reply = plain_http.request(method, venue.url + path, content=body, trust_env=False)
    assert reply.status_code == status
    if status >= 400:
        assert reply.json()["error"].endswith(".")


def test_the_venue_ends_in_order_while_a_session_is_connected(venue: VenueProcess) -> None:
    async def scenario() -> None:
        async with connected(venue.url) as (session, told):
            await session.submit(order())
            await told.until(filled("c1"))
            assert await asyncio.to_thread(venue.stop) == 0
            await told.until(lambda one: one.of(HealthChange)[-1].state is HealthState.DEGRADED)

    asyncio.run(scenario())
