"""Fault 21 in small: more signals than can be worked. All are answered, late ones expire, none is lost.

Five hundred a second for a minute, with the answers' times, are measured by `make bench`.
"""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from faults.truth import book_of, exported, judged, told
from integration.relay import ShiftedClock
from integration.venue_truth import executed, ready, trading_at
from plugins.brokers.paper.process import VenueProcess
from tradewire.audit.posts import Post
from tradewire.store.schema import parent_orders

SIGNALS = 300
SYMBOLS = ("AAPL", "MSFT", "TSLA", "SPY", "NVDA")


def test_21_all_are_answered_late_ones_expire_and_none_is_lost(tmp_path: Path, venue: VenueProcess) -> None:
    clock = ShiftedClock(datetime.now(UTC))
    with trading_at(venue, tmp_path / "data", clock) as relay:
        ready(relay)
        lock = threading.Lock()
        posts: list[Post] = []

        def post(number: int) -> int:
            fields = {"symbol": SYMBOLS[number % 5], "action": "buy", "qty": 1, "id": str(number)}
            answer = relay.post("s", **fields)
            if answer.status_code == 200:
                with lock:
                    posts.append(Post(signal_id=answer.json()["id"], message=str(number)))
            return answer.status_code

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(post, range(SIGNALS // 3)))
            # The venue stands still: what is accepted now cannot be worked in time.
            os.kill(venue.process.pid, signal.SIGSTOP)
            answers += pool.map(post, range(SIGNALS // 3, SIGNALS))
        clock.advance(90)
        os.kill(venue.process.pid, signal.SIGCONT)
        relay.settled()

        assert set(answers) == {200}
        report = judged(exported(relay), book_of(venue), posts)
        assert report.ok, told(report)
        ends = [row.state for row in relay.rows(parent_orders)]
        assert len(ends) == SIGNALS
        assert set(ends) <= {"filled", "expired", "blocked"}, set(ends)
        assert ends.count("filled") + ends.count("expired") + ends.count("blocked") == SIGNALS
        assert len(set(ends)) > 1
        assert sum(executed(venue).values()) == ends.count("filled")
