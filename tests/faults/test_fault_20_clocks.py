"""Fault 20: the machine's clock jumps, back and forth, and over a change of summer time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from faults.truth import book_of, exported, judged, told
from integration.relay import Relay, ShiftedClock
from integration.venue_truth import accepted, again, executed, ready, trading_at
from plugins.brokers.paper.process import VenueProcess
from tradewire.store.schema import child_orders, parent_orders

#: New York's clocks go from 02:00 to 03:00 at 07:00 UTC, and back to 01:00 at 06:00 UTC.
SPRING = datetime(2026, 3, 8, 6, 59, 50, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 1, 5, 59, 50, tzinfo=UTC)


class JumpingClock(ShiftedClock):
    """The time of day jumps; what the machine counts since its start does not."""

    def jump(self, by: timedelta) -> None:
        self._offset += by


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(datetime.now(UTC))


@pytest.fixture
def relay(tmp_path: Path, venue: VenueProcess, clock: JumpingClock) -> Iterator[Relay]:
    with trading_at(venue, tmp_path / "data", clock) as relay:
        ready(relay)
        yield relay


@pytest.mark.parametrize("hours", [-26, -1, 1, 26])
def test_20_a_jump_of_the_clock_loses_and_doubles_nothing(
    relay: Relay, venue: VenueProcess, clock: JumpingClock, hours: int
) -> None:
    accepted(relay, symbol="AAPL", action="buy", qty=1, id="before")
    relay.settled()
    clock.jump(timedelta(hours=hours))
    accepted(relay, symbol="AAPL", action="buy", qty=2, id="after")
    relay.settled()
    clock.jump(timedelta(hours=-hours))
    accepted(relay, symbol="AAPL", action="buy", qty=4, id="back")
    relay.settled()
    sound(relay, venue)
    states = [row.state for row in relay.rows(parent_orders)]
    assert set(states) <= {"filled", "blocked", "expired"}, relay.story()
    filled = sum((row.quantity for row in relay.rows(parent_orders) if row.state == "filled"), Decimal(0))
    assert executed(venue) == {"AAPL": filled}
    assert states[0] == "filled"
    assert "filled" in states[1:], relay.story()


def test_20_a_copy_is_known_after_the_clock_was_set_back(
    relay: Relay, venue: VenueProcess, clock: JumpingClock
) -> None:
    first = relay.post("s", symbol="AAPL", action="buy", qty=1).json()
    clock.jump(timedelta(hours=-2))
    again = relay.post("s", symbol="AAPL", action="buy", qty=1).json()
    assert again == {"status": "duplicate", "of": first["id"]}
    relay.settled()
    sound(relay, venue)


def test_20_an_order_that_is_under_way_does_not_wait_for_the_time_of_before(
    relay: Relay, venue: VenueProcess, clock: JumpingClock
) -> None:
    for number in range(5):
        accepted(relay, symbol="AAPL", action="buy", qty=1, id=str(number))
        clock.jump(timedelta(hours=-2))
    relay.settled()
    sound(relay, venue)
    assert {row.state for row in relay.rows(parent_orders)} == {"filled"}, relay.story()


def test_20_an_order_does_not_wait_for_the_time_before_a_stop_in_which_the_clock_was_set_back(
    tmp_path: Path, venue: VenueProcess, clock: JumpingClock
) -> None:
    with trading_at(venue, tmp_path / "data", clock) as first:
        ready(first)
        accepted(first, symbol="AAPL", action="buy", qty=1, orderType="limit", limitPrice=1, id="rests")
        first.wait_until(lambda: [row.state for row in first.rows(child_orders)] == ["acknowledged"])
        soon = clock.now() + timedelta(minutes=1)
        first.core.store.write_now(
            lambda conn: conn.execute(
                update(parent_orders).values(wake_at=soon, cancel_requested=True)
            ).close()
        )
    clock.jump(timedelta(hours=-2))
    with again(tmp_path / "data", first, clock) as relay:
        relay.settled()
        assert {row.state for row in relay.rows(parent_orders)} == {"cancelled"}, relay.story()
        sound(relay, venue)


@pytest.mark.parametrize("at", [SPRING, AUTUMN], ids=["to summer time", "to winter time"])
def test_20_orders_pass_a_change_of_summer_time(tmp_path: Path, venue: VenueProcess, at: datetime) -> None:
    clock = JumpingClock(at)
    with trading_at(venue, tmp_path / "data", clock) as relay:
        ready(relay)
        for number in range(4):
            accepted(relay, symbol="AAPL", action="buy", qty=1, id=str(number))
            relay.settled()
            clock.advance(5)
        sound(relay, venue)
        assert [row.state for row in relay.rows(parent_orders)] == ["filled"] * 4
        ends = [row.ended_at for row in relay.rows(parent_orders)]
        assert ends == sorted(ends)


def sound(relay: Relay, venue: VenueProcess) -> None:
    report = judged(exported(relay), book_of(venue))
    assert report.ok, told(report)
