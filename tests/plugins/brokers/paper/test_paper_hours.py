import asyncio
from datetime import datetime

from plugins.brokers.paper.account import START
from tradewire.testing import FakeClock
from tradewire_paper.hours import Calendars


def test_the_venue_knows_the_sessions_of_an_exchange_and_that_coins_always_trade() -> None:
    async def scenario() -> None:
        clock = FakeClock(START)
        calendars = Calendars(clock)
        nyse = await calendars.get("XNYS")
        assert not nyse.is_open(datetime.fromisoformat("2026-03-02T14:29:59Z"))
        assert nyse.is_open(START)
        assert nyse.next_close(START) == datetime.fromisoformat("2026-03-02T21:00:00Z")
        assert await calendars.get("XNYS") is nyse
        clock.advance(40 * 24 * 3600)
        assert (await calendars.get("XNYS")).covers(clock.now())
        assert (await calendars.get("24/7")).always_open

    asyncio.run(scenario())
