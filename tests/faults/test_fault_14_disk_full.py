"""Fault 14: the disk takes no more bytes while messages are accepted: 503, nothing stored; then it recovers.

The kernel refuses the writes of the running process beyond a size (RLIMIT_FSIZE), as a full disk or a quota
does, and is told later to take them again.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from faults.life import Relay, until
from faults.load import Sender
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess
from tradewire.audit.posts import Post


@contextmanager
def full(relay: Relay) -> Iterator[None]:
    """No file of the process may grow beyond what its write-ahead log has now."""
    log = relay.data / "tradewire.db-wal"
    limits = resource.prlimit(relay.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, limits)


def test_14_what_cannot_be_written_is_answered_503_and_runs_once_when_it_can(
    relay: Relay, venue: VenueProcess
) -> None:
    sender = Sender("full")
    sender.start(relay.url, relay.key)
    until(lambda: len(sender.acknowledged) >= 20)
    sender.stop()

    with full(relay):
        refused = relay.post("entries", symbol="AAPL", action="buy", qty=5, id="late")
    assert refused.status_code == 503, refused.text
    assert "nothing was stored" in refused.text.lower()
    assert relay.is_alive()

    accepted = relay.accepted("entries", symbol="AAPL", action="buy", qty=5, id="late")
    sender.finish(relay.url, relay.key)
    relay.settled()
    posts = [*sender.acknowledged, Post(signal_id=accepted, message="late")]
    report = judged(relay.export(), book_of(venue), posts)
    assert report.ok, told(report)
