"""Faults 5, 6, 7: between relay and venue a request, its answer or both are lost, late, cut or doubled."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from faults.fault_proxy import FaultProxy, WireFault, Wrong
from faults.truth import book_of, exported, judged, told
from integration.relay import Relay, running
from integration.venue_truth import (
    ACCOUNT,
    QUICK,
    accepted,
    differences,
    executed,
    ready,
    stages,
    until,
)
from plugins.brokers.paper.process import VenueProcess
from tradewire.store.schema import child_orders, parent_orders

SUBMIT = b"POST /orders"


@pytest.fixture
def proxy(venue: VenueProcess) -> Iterator[FaultProxy]:
    with FaultProxy(int(venue.port)) as proxy:
        yield proxy


@pytest.fixture
def behind(tmp_path: Path, proxy: FaultProxy) -> Iterator[Relay]:
    """A relay that reaches its venue through the proxy alone."""
    with running(tmp_path / "data", **QUICK) as relay:
        relay.key = relay.do(relay.core.services.keys.create("main", "tradingview", "test")).secret
        relay.add_account(ACCOUNT, url=proxy.url, timeout_s="1")
        relay.add_algorithm("s", account=ACCOUNT)
        ready(relay)
        yield relay


def sound(relay: Relay, venue: VenueProcess) -> None:
    """Everything has ended, the store says what the venue says, and the history keeps the promises."""
    relay.settled()
    until(lambda: not differences(relay, venue), lambda: str(differences(relay, venue)))
    report = judged(exported(relay), book_of(venue))
    assert report.ok, told(report)


ANSWER_LOST = [
    WireFault(kind=Wrong.LOSE_ANSWER, on=SUBMIT),
    WireFault(kind=Wrong.HALF_OPEN, on=SUBMIT),
    WireFault(kind=Wrong.CUT, on=SUBMIT, bytes=40),
    WireFault(kind=Wrong.DELAY, on=SUBMIT, seconds=2.0),
]


@pytest.mark.parametrize("fault", ANSWER_LOST, ids=lambda one: one.kind)
def test_05_an_executed_order_whose_answer_is_lost_is_found_and_not_sent_again(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy, fault: WireFault
) -> None:
    proxy.load(fault)
    accepted(behind, symbol="AAPL", action="buy", qty=4)
    accepted(behind, symbol="AAPL", action="buy", qty=3)
    sound(behind, venue)
    assert proxy.met == [fault.kind]
    assert executed(venue) == {"AAPL": Decimal(7)}
    assert len(behind.rows(child_orders)) == 2


LOST = [WireFault(kind=Wrong.DROP, on=SUBMIT, times=2), WireFault(kind=Wrong.BLACKHOLE, on=SUBMIT, times=2)]


@pytest.mark.parametrize("fault", LOST, ids=lambda one: one.kind)
def test_06_an_order_that_never_arrived_is_looked_up_and_goes_out_under_the_same_id(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy, fault: WireFault
) -> None:
    proxy.load(fault)
    signal = accepted(behind, symbol="AAPL", action="buy", qty=4)
    sound(behind, venue)
    assert executed(venue) == {"AAPL": Decimal(4)}
    told = stages(behind, signal)
    assert told.index("sent") < told.index("unknown") < told.index("looked up") < told.index("filled")
    assert len({order.request.client_id for order in book_of(venue).accounts[0].orders}) == 1


def test_07_a_request_that_the_wire_doubles_is_one_order(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy
) -> None:
    proxy.load(WireFault(kind=Wrong.TWICE, on=SUBMIT))
    accepted(behind, symbol="AAPL", action="buy", qty=4)
    accepted(behind, symbol="MSFT", action="buy", qty=2)
    sound(behind, venue)
    assert executed(venue) == {"AAPL": Decimal(4), "MSFT": Decimal(2)}


def test_a_slow_line_delays_and_changes_nothing(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy
) -> None:
    proxy.load(WireFault(kind=Wrong.THROTTLE, on=SUBMIT, per_second=4_000))
    accepted(behind, symbol="AAPL", action="buy", qty=4)
    sound(behind, venue)
    assert [row.state for row in behind.rows(parent_orders)] == ["filled"]


def test_whatever_is_cut_at_once_is_one_order_each(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy
) -> None:
    for number in range(12):
        accepted(behind, symbol=("AAPL", "MSFT", "TSLA")[number % 3], action="buy", qty=1, id=str(number))
        if number % 4 == 2:
            proxy.refuse()
            proxy.refuse(False)
    sound(behind, venue)
    done = sum(row.quantity for row in behind.rows(parent_orders) if row.state == "filled")
    assert sum(executed(venue).values()) == done > 0
    assert {row.state for row in behind.rows(parent_orders)} <= {"filled", "blocked", "expired"}


def test_a_line_that_stands_still_and_goes_on_doubles_nothing(
    behind: Relay, venue: VenueProcess, proxy: FaultProxy
) -> None:
    accepted(behind, symbol="AAPL", action="buy", qty=1)
    behind.settled()
    proxy.freeze()
    accepted(behind, symbol="AAPL", action="buy", qty=2)
    behind.wait_until(lambda: "unknown" in [row.state for row in behind.rows(child_orders)])
    proxy.freeze(False)
    sound(behind, venue)
    assert executed(venue) == {"AAPL": Decimal(3)}
