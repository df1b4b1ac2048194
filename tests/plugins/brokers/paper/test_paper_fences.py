"""A look-up's proof of absence holds, however closely a transmission of the order comes before it."""

import asyncio

import pytest

from plugins.brokers.paper.account import PaperEnv, RealClock, order
from tradewire import Absent, Found
from tradewire_paper.config import read_config
from tradewire_paper.journal import Journal
from tradewire_paper.venue import Venue, Voided
from tradewire_paper.wire import Submit


@pytest.mark.parametrize("turns", range(6))
def test_what_was_proven_absent_is_not_taken_afterwards(turns: int) -> None:
    async def scenario() -> None:
        venue = Venue(read_config({}), Journal(None), RealClock(), asyncio.sleep, PaperEnv().calendar)
        venue.start()
        await venue.desk("a")
        sending = asyncio.create_task(venue.submit(Submit(account="a", attempt=1, order=order())))
        for _ in range(turns):
            await asyncio.sleep(0)
        found = await venue.find("a", "c1", fence=1)
        try:
            await sending
        except Voided:
            assert isinstance(found, Absent)
        else:
            assert isinstance(found, Found)
        await venue.close()

    asyncio.run(scenario())
