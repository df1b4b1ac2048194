"""Fault 16 on SQLite: another program holds the database's lock for a while."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from faults.life import Relay
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess
from tradewire.audit.posts import Post


@contextmanager
def locked(relay: Relay) -> Iterator[None]:
    """As a backup script or a browser of databases does it."""
    other = sqlite3.connect(relay.data / "tradewire.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_16_while_another_program_holds_the_lock_senders_are_told_to_send_again(
    relay: Relay, venue: VenueProcess
) -> None:
    first = relay.accepted("entries", symbol="AAPL", action="buy", qty=1, id="before")
    with locked(relay):
        refused = relay.post("entries", symbol="AAPL", action="buy", qty=2, id="meanwhile")
        assert refused.status_code == 503, refused.text
        assert relay.is_alive()
    again = relay.accepted("entries", symbol="AAPL", action="buy", qty=2, id="meanwhile")
    relay.settled()
    posts = [Post(signal_id=first, message="before"), Post(signal_id=again, message="meanwhile")]
    report = judged(relay.export(), book_of(venue), posts)
    assert report.ok, told(report)
    assert report.orders == 2
