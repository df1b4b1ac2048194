"""Fault 19: a second Tradewire on the folder of one that runs is refused in words, and disturbs nothing."""

import os

from faults.life import Relay
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess


def test_19_the_second_on_one_folder_is_refused_and_the_first_goes_on(
    relay: Relay, venue: VenueProcess, nursery: Nursery
) -> None:
    relay.accepted("entries", symbol="AAPL", action="buy", qty=1)
    elsewhere = relay.folder / "second"
    elsewhere.mkdir()
    second = nursery.begin(["up", "--port", "0", "--data", str(relay.data)], dict(os.environ), elsewhere)
    assert nursery.ended(second) == 1
    said = (elsewhere / "err.txt").read_text()
    assert f"A Tradewire is running on {relay.data} already (process {relay.pid})" in said

    relay.accepted("entries", symbol="AAPL", action="buy", qty=2)
    relay.settled()
    report = judged(relay.export(), book_of(venue))
    assert report.ok, told(report)
    assert report.orders == 2
