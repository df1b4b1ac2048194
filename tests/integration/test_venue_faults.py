"""Whatever goes wrong on an order's way: one order at the venue, and its book's truth in the store."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from integration.relay import Relay
from integration.venue_truth import accepted, agreed, book_of, executed, ready, script, stages, trading_at
from plugins.brokers.paper.process import VenueProcess
from tradewire import AccountConfig, Env, Event, Session
from tradewire.store.schema import child_orders, parent_orders
from tradewire_paper.faults import FaultKind
from tradewire_paper.paper import PaperBroker

pytestmark = pytest.mark.usefixtures("on_both_stores")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "100000000")
    yield process
    process.kill()


@pytest.fixture
def relay(tmp_path: Path, venue: VenueProcess) -> Iterator[Relay]:
    with trading_at(venue, tmp_path / "data") as relay:
        ready(relay)
        yield relay


def four_signals(relay: Relay) -> list[str]:
    """Two lanes; the faults meet the first order of one of them."""
    return [
        accepted(relay, symbol="AAPL", action="buy", qty=4),
        accepted(relay, symbol="MSFT", action="sell", qty=2),
        accepted(relay, symbol="AAPL", action="buy", qty=3),
        accepted(relay, symbol="MSFT", action="sell", qty=5),
    ]


DROPPED = (FaultKind.DROP, FaultKind.DROP_THEN_HANG)
ANSWER_LOST = (
    FaultKind.ACCEPT_THEN_HANG,
    FaultKind.ACCEPT_THEN_500,
    FaultKind.ACCEPT_THEN_RESET,
    FaultKind.ACCEPT_THEN_HTML,
)


@pytest.mark.parametrize("kind", [*ANSWER_LOST, *DROPPED])
def test_whether_order_or_answer_is_lost_the_order_is_there_once(
    relay: Relay, venue: VenueProcess, kind: FaultKind
) -> None:
    script(venue, kind, symbol="AAPL")
    first, *others = four_signals(relay)
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(7), "MSFT": Decimal(-7)}
    assert len(book_of(venue).orders) == len(relay.rows(child_orders)) == 4
    assert {row.state for row in relay.rows(parent_orders)} == {"filled"}
    told = stages(relay, first)
    # Of an order that is in the book the stream may tell before the answer is missed.
    assert "unknown" in told or kind not in DROPPED
    if "unknown" in told:
        assert told.index("sent") < told.index("unknown") < told.index("filled")
    assert not [one for one in others if "unknown" in stages(relay, one)]


class Deaf(PaperBroker):
    """Its sessions hear nothing of what happens at the venue; what they ask is answered."""

    async def open(self, account: AccountConfig, env: Env) -> Session:
        session = await super().open(account, env)
        session.events = silence  # type: ignore[method-assign]
        return session


async def silence() -> AsyncIterator[Event]:
    for nothing in ():
        yield nothing
    await asyncio.Event().wait()


@pytest.mark.parametrize("kind", ANSWER_LOST)
def test_with_a_silent_stream_the_look_up_finds_the_order_and_its_fill_is_fetched(
    tmp_path: Path, venue: VenueProcess, monkeypatch: pytest.MonkeyPatch, kind: FaultKind
) -> None:
    monkeypatch.setattr("tradewire.brokerage.session_host.RECHECK_S", 1.0)
    with trading_at(venue, tmp_path / "data", broker=Deaf()) as relay:
        ready(relay)
        script(venue, kind, symbol="AAPL")
        first, *_ = four_signals(relay)
        agreed(relay, venue)
        assert executed(venue) == {"AAPL": Decimal(7), "MSFT": Decimal(-7)}
        assert {row.state for row in relay.rows(parent_orders)} == {"filled"}
        told = stages(relay, first)
        # While it hangs, its fill may be fetched before its answer is missed, or before it is looked up.
        if kind is not FaultKind.ACCEPT_THEN_HANG:
            assert told.index("sent") < told.index("unknown") < told.index("filled")
            assert "looked up" in told


@pytest.mark.parametrize("kind", DROPPED)
def test_an_order_that_is_dropped_again_and_again_goes_out_under_one_id(
    relay: Relay, venue: VenueProcess, kind: FaultKind
) -> None:
    script(venue, kind, symbol="AAPL", times=3)
    signals = four_signals(relay)
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(7), "MSFT": Decimal(-7)}
    assert len(relay.rows(child_orders)) == 4
    assert sum(stages(relay, one).count("looked up") for one in signals) == 3


@pytest.mark.parametrize("kind", [FaultKind.REJECT, FaultKind.TOO_MANY_REQUESTS])
def test_a_refusal_ends_its_signal_and_no_other(relay: Relay, venue: VenueProcess, kind: FaultKind) -> None:
    script(venue, kind, symbol="AAPL")
    first, *_ = four_signals(relay)
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(3), "MSFT": Decimal(-7)}
    assert {row.signal_id: row.state for row in relay.rows(parent_orders)}[first] == "rejected"
    assert "unknown" not in stages(relay, first)


TOLD_ODDLY = (
    FaultKind.FILL_BEFORE_ACK,
    FaultKind.DUP_EVENT,
    FaultKind.OUT_OF_ORDER,
    FaultKind.STREAM_DROP,
)


@pytest.mark.parametrize("kind", TOLD_ODDLY)
def test_fills_told_early_twice_backwards_or_not_at_all_are_booked_once(
    relay: Relay, venue: VenueProcess, kind: FaultKind
) -> None:
    script(venue, kind, symbol="AAPL")
    four_signals(relay)
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(7), "MSFT": Decimal(-7)}
    assert {row.state for row in relay.rows(parent_orders)} == {"filled"}


def test_an_order_that_the_venue_cuts_short_ends_with_what_was_filled(
    relay: Relay, venue: VenueProcess
) -> None:
    script(venue, FaultKind.PARTIAL_THEN_CANCEL, symbol="AAPL")
    first, *_ = four_signals(relay)
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(5), "MSFT": Decimal(-7)}
    orders = {row.signal_id: (row.state, row.filled) for row in relay.rows(parent_orders)}
    assert orders[first] == ("partly_filled", 2)


def test_a_fill_that_comes_after_the_cancel_is_booked(relay: Relay, venue: VenueProcess) -> None:
    script(venue, FaultKind.LATE_FILL_AFTER_CANCEL, symbol="AAPL")
    resting = accepted(relay, symbol="AAPL", action="buy", qty=4, orderType="limit", limitPrice="1.00")
    relay.wait_until(lambda: [row.state for row in relay.rows(child_orders)] == ["acknowledged"])
    accepted(relay, symbol="AAPL", action="cancel")
    agreed(relay, venue)
    orders = {row.signal_id: (row.state, row.filled) for row in relay.rows(parent_orders)}
    assert orders[resting] == ("partly_filled", 2)
    assert executed(venue) == {"AAPL": Decimal(2)}
