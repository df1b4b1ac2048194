"""Fault 21 in small: more signals than can be worked. All are answered, late ones expire, none is lost.

Five hundred a second for a minute, with the answers' times, are sent by `make test-long`.
"""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.load import rate
from bench.processes import job_to
from bench.runs import alert
from bench.stored import ended
from faults.overload import Overload
from faults.truth import book_of, exported, judged
from integration.relay import Relay, ShiftedClock
from integration.venue_truth import executed, ready, trading_at
from plugins.brokers.paper.process import VenueProcess

IN_TIME, LATE = 100, 200
SYMBOLS = ("AAPL", "MSFT", "TSLA", "SPY", "NVDA")


def test_21_all_are_answered_late_ones_expire_and_none_is_lost(tmp_path: Path, venue: VenueProcess) -> None:
    began = datetime.now(UTC)
    clock = ShiftedClock(began)
    with trading_at(venue, tmp_path / "data", clock) as relay:
        ready(relay)
        sent = Overload()
        post(relay, sent, IN_TIME)
        # The venue stands still: what is accepted now cannot be worked in time.
        os.kill(venue.process.pid, signal.SIGSTOP)
        post(relay, sent, LATE, first=IN_TIME)
        clock.advance(90)
        os.kill(venue.process.pid, signal.SIGCONT)
        relay.settled()

        report = judged(exported(relay), book_of(venue), sent.posts)
        ways = relay.core.store.read_now(lambda conn: ended(conn, began - timedelta(days=1)))
        assert list(sent.problems(ways, report)) == []
        assert len(sent.posts) == IN_TIME + LATE
        assert sum(executed(venue).values()) == ways.ways["filled"]


def post(relay: Relay, sent: Overload, count: int, first: int = 0) -> None:
    """So many messages at 200 a second, numbered from `first`."""
    bodies = [alert(relay.key, "s", symbol=symbol, qty=1, id="%d") for symbol in SYMBOLS]
    fields = {"per_second": 200.0, "seconds": count / 200, "first": first, "keep": True}
    job = job_to(relay.url, "/api/tradingview/webhook", "rate", bodies, **fields)
    sent.add(asyncio.run(rate(job)), first)
