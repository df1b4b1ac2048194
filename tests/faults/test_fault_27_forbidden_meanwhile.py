"""Fault 27: between accept and submit the algorithm is stopped or a kill switch set: nothing is sent."""

import pytest

from faults.life import Relay
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess

#: How far the order had come: accepted, in the account's inbox, judged and reserved, about to be sent.
REACHED = ["accept.committed", "route.committed", "reserve.committed", "submit.storing"]
FORBIDDING = {
    "the global kill switch": ("halt", "--reason", "looking first"),
    "the account's kill switch": ("halt", "--account", "venue", "--reason", "looking first"),
    "the algorithm's kill switch": ("halt", "--algorithm", "entries", "--reason", "looking first"),
    "stopping the algorithm": ("algorithm", "stop", "entries"),
}


#: Each way at the point where it matters most, and the first of them at every point.
TRIED = [
    *((point, next(iter(FORBIDDING))) for point in REACHED),
    *(("submit.storing", way) for way in list(FORBIDDING)[1:]),
    ("accept.committed", "stopping the algorithm"),
]


@pytest.mark.parametrize(("point", "forbidding"), TRIED)
def test_27_what_is_forbidden_before_it_is_sent_is_not_sent(
    relay: Relay, venue: VenueProcess, nursery: Nursery, point: str, forbidding: str
) -> None:
    relay.stop()
    assert relay.start(crash=point), relay.said()
    relay.try_to_post("entries", symbol="AAPL", action="buy", qty=2)
    assert relay.ended() == -9
    relay.command(*FORBIDDING[forbidding])

    assert relay.start(), relay.said()
    relay.settled()
    orders = relay.every("/orders")
    report = judged(relay.export(), book_of(venue))
    assert report.ok, told(report)
    # Stopped before it was routed, no algorithm takes the signal any more.
    unrouted = (point, forbidding) == ("accept.committed", "stopping the algorithm")
    assert len(orders) == (0 if unrouted else 1)
    assert {one["state"] for one in orders} <= {"blocked", "cancelled"}
    assert {child["state"] for one in orders for child in one["children"]} <= {"cancelled"}
    assert [account.orders for account in book_of(venue).accounts] == [()]
