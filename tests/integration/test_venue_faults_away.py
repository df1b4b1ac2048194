"""The venue killed, frozen, late or trading by itself, and Tradewire away meanwhile."""

import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import plain_http
from integration.relay import Relay, ShiftedClock
from integration.venue_truth import (
    ACCOUNT,
    accepted,
    again,
    agreed,
    book_of,
    differences,
    executed,
    ready,
    script,
    stages,
    trading_at,
    until,
)
from plugins.brokers.paper.process import VenueProcess
from tradewire import OrderRequest, OrderType, Side, TimeInForce
from tradewire.store.schema import child_orders, fills, parent_orders, positions, switches
from tradewire_paper.faults import FaultKind
from tradewire_paper.symbols import resolve
from tradewire_paper.wire import Submit

pytestmark = pytest.mark.usefixtures("on_both_stores")

SYMBOLS = ("AAPL", "MSFT", "TSLA", "SPY", "NVDA")


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


def limit(relay: Relay, price: str = "1.00", **fields: object) -> str:
    """A limit order of 4 AAPL, which rests at 1.00; wait until the venue has it."""
    resting = accepted(
        relay, symbol="AAPL", action="buy", qty=4, orderType="limit", limitPrice=price, **fields
    )
    relay.wait_until(lambda: "acknowledged" in [row.state for row in relay.rows(child_orders)])
    return resting


def states(relay: Relay) -> dict[str, str]:
    return {row.signal_id: row.state for row in relay.rows(parent_orders)}


def trade_by_hand(venue: VenueProcess, quantity: int) -> None:
    """Buy AAPL on the same account, as its owner does on the venue's own page."""
    instrument = resolve("AAPL")
    assert instrument is not None
    order = OrderRequest(
        client_id="by-its-owner",
        instrument=instrument,
        side=Side.BUY,
        quantity=Decimal(quantity),
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
    )
    body = msgspec.json.encode(Submit(account=ACCOUNT, attempt=1, order=order))
    plain_http.post(f"{venue.url}/orders", content=body).raise_for_status()
    until(lambda: any(one.execution.client_id == "by-its-owner" for one in book_of(venue).executions), str)


def test_a_venue_killed_in_the_middle_of_a_burst_has_every_order_once(
    relay: Relay, venue: VenueProcess
) -> None:
    def burst(round_: int) -> None:
        for number in range(15):
            accepted(relay, symbol=SYMBOLS[number % 5], action="buy", qty=1, id=f"{round_}-{number}")

    burst(0)
    relay.wait_until(lambda: len(relay.rows(fills)) >= 5)
    burst(1)
    venue.kill()
    burst(2)
    venue.start()
    agreed(relay, venue)
    sent = [row for row in relay.rows(child_orders) if row.filled > 0]
    assert sum(executed(venue).values()) == len(sent) >= 5
    ends = {row.state for row in relay.rows(parent_orders)}
    assert ends <= {"filled", "blocked", "expired"}, relay.story()


def test_a_frozen_venue_that_goes_on_has_every_order_once(relay: Relay, venue: VenueProcess) -> None:
    first = [accepted(relay, symbol=symbol, action="buy", qty=2) for symbol in SYMBOLS]
    agreed(relay, venue)
    os.kill(venue.process.pid, signal.SIGSTOP)
    # Quotes are still fresh, so these are sent into the silence.
    frozen = [accepted(relay, symbol=symbol, action="buy", qty=3) for symbol in SYMBOLS]
    relay.wait_until(lambda: "unknown" in [row.state for row in relay.rows(child_orders)])
    os.kill(venue.process.pid, signal.SIGCONT)
    agreed(relay, venue)
    ends = states(relay)
    assert {ends[one] for one in first} == {"filled"}
    done = sum(row.quantity for row in relay.rows(parent_orders) if row.state == "filled")
    assert sum(executed(venue).values()) == done
    assert any("unknown" in stages(relay, one) for one in frozen)


def test_signals_wait_for_a_venue_that_comes_late_and_older_ones_expire_by_name(
    tmp_path: Path, venue: VenueProcess
) -> None:
    venue.kill()
    clock = ShiftedClock(datetime.now(UTC))
    with trading_at(venue, tmp_path / "data", clock) as relay:
        old = accepted(relay, symbol="AAPL", action="buy", qty=4)
        relay.wait_until(lambda: "waits" in stages(relay, old))
        clock.advance(61)
        relay.wait_until(lambda: states(relay).get(old) == "expired")
        young = accepted(relay, symbol="AAPL", action="buy", qty=3)
        relay.wait_until(lambda: "waits" in stages(relay, young))
        venue.start()
        agreed(relay, venue)
        ends = {row.signal_id: (row.state, row.reason) for row in relay.rows(parent_orders)}
        assert ends[old] == ("expired", "waited_too_long")
        assert ends[young][0] == "filled"
        assert executed(venue) == {"AAPL": Decimal(3)}


def test_fills_while_the_stream_is_cut_are_fetched(relay: Relay, venue: VenueProcess) -> None:
    script(venue, FaultKind.STREAM_DROP, nth=2, times=3)
    for number in range(10):
        accepted(relay, symbol=SYMBOLS[number % 5], action="buy", qty=1, id=str(number))
    agreed(relay, venue)
    assert set(states(relay).values()) == {"filled"}
    assert sum(executed(venue).values()) == 10


@pytest.mark.parametrize("kind", [FaultKind.ACCEPT_THEN_RESET, FaultKind.DROP, FaultKind.DROP_THEN_HANG])
def test_a_cancel_reaches_an_order_whose_submission_was_lost(
    relay: Relay, venue: VenueProcess, kind: FaultKind
) -> None:
    script(venue, kind, nth=1, times=3)
    lost = accepted(relay, symbol="AAPL", action="buy", qty=4, orderType="limit", limitPrice="1.00")
    relay.wait_until(lambda: bool(relay.rows(child_orders)))
    accepted(relay, symbol="AAPL", action="cancel")
    agreed(relay, venue)
    assert states(relay)[lost] == "cancelled"
    assert executed(venue) == {}
    assert not [order for order in book_of(venue).orders if order.state.is_open]


@pytest.mark.parametrize("kind", [FaultKind.ACCEPT_THEN_HANG, FaultKind.DROP_THEN_HANG])
def test_an_exit_waits_until_the_entrys_fate_is_known_and_leaves_nothing(
    relay: Relay, venue: VenueProcess, kind: FaultKind
) -> None:
    accepted(relay, symbol="AAPL", action="buy", qty=4)
    agreed(relay, venue)
    script(venue, kind)
    accepted(relay, symbol="AAPL", action="buy", qty=3)
    relay.wait_until(lambda: len(relay.rows(child_orders)) == 2)
    accepted(relay, symbol="AAPL", action="exit")
    agreed(relay, venue)
    assert executed(venue) == {"AAPL": Decimal(0)}
    assert [row.quantity for row in relay.rows(positions)] == [0]


def test_a_limit_order_that_fills_while_tradewire_is_away_is_booked_at_its_return(
    tmp_path: Path, venue: VenueProcess
) -> None:
    folder = tmp_path / "data"
    with trading_at(venue, folder) as first:
        ready(first)
        resting = limit(first)
    # Another start of the venue, at a price that the order is worth.
    venue.kill()
    cheap = VenueProcess(tmp_path / "venue", "--port", venue.port, "--prices", '{"AAPL": "0.50"}')
    try:
        until(lambda: executed(cheap) == {"AAPL": Decimal(4)}, lambda: str(book_of(cheap)))
        with again(folder, first) as second:
            agreed(second, cheap)
            assert states(second) == {resting: "filled"}
            assert len(second.rows(child_orders)) == 1
    finally:
        cheap.kill()


def test_what_the_owner_trades_meanwhile_is_booked_and_not_traded_away(
    tmp_path: Path, venue: VenueProcess
) -> None:
    folder = tmp_path / "data"
    with trading_at(venue, folder) as first:
        ready(first)
        accepted(first, symbol="AAPL", action="buy", qty=4)
        agreed(first, venue)
    trade_by_hand(venue, 10)
    with again(folder, first) as second:
        ready(second)
        until(lambda: not differences_of_fills(second, venue), lambda: str(differences(second, venue)))
        assert executed(venue) == {"AAPL": Decimal(14)}
        held = {row.algorithm_id == "": row.quantity for row in second.rows(positions)}
        assert held == {True: 10, False: 4}
        halted = [row for row in second.rows(switches) if row.state == "halted"]
        assert halted == []
        accepted(second, symbol="AAPL", action="exit")
        second.settled()
        until(lambda: executed(venue) == {"AAPL": Decimal(10)}, lambda: str(executed(venue)))


def differences_of_fills(relay: Relay, venue: VenueProcess) -> set[str]:
    stored = {row.execution_id for row in relay.rows(fills)}
    return {one.execution.execution_id for one in book_of(venue).executions} ^ stored


def test_a_venue_that_lost_its_book_halts_the_account_and_nothing_is_traded_to_mend_it(
    tmp_path: Path, venue: VenueProcess
) -> None:
    with trading_at(venue, tmp_path / "data") as relay:
        ready(relay)
        accepted(relay, symbol="AAPL", action="buy", qty=4)
        agreed(relay, venue)
        venue.kill()
        shutil.rmtree(tmp_path / "venue" / "state")
        venue.start()
        relay.wait_until(lambda: "halted" in [row.state for row in relay.rows(switches)])
        blocked = accepted(relay, symbol="AAPL", action="buy", qty=1)
        relay.settled()
        assert states(relay)[blocked] == "blocked"
        assert book_of(venue).orders == ()
