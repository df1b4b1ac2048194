"""Fault 4: kill -9 at each place of submitting, for brokers of class A, B and C.

What they are is told to a life by a variable: the paper venue refuses copies and finds orders by their id, so
it may stand for each class; the classes differ in what Tradewire may do on its own.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from faults import classes
from faults.life import Relay, set_up, until
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from faults.venues import outliving_venue
from plugins.brokers.paper.process import VenueProcess

SUBMIT = ("submit.storing", "submit.released", "submit.sent", "submit.outcome", "submit.stored")


@pytest.fixture(scope="module", params=["A", "B", "C"])
def place(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Relay, VenueProcess]]:
    """A class, a relay whose broker says that it is of it, and its venue."""
    folder = tmp_path_factory.mktemp("classes")
    with outliving_venue(folder) as venue:
        relay = Relay(nursery, folder / "relay", **{classes.VARIABLE: request.param})
        set_up(relay, venue)
        relay.kill()
        yield request.param, relay, venue
        relay.end()


@pytest.mark.parametrize("point", SUBMIT)
def test_04_killed_while_submitting_there_is_one_order(
    place: tuple[str, Relay, VenueProcess], point: str
) -> None:
    dedupe, relay, venue = place
    before, hits = orders_there(venue), len(relay.hit())
    assert relay.start(crash=point), relay.said()
    relay.try_to_post("entries", symbol="AAPL", action="buy", qty=2, id=point)
    assert relay.ended() == -9
    assert relay.hit()[hits:] == [point]

    assert relay.start(), relay.said()
    if dedupe == "C" and point == "submit.released":
        # Nothing of it has left, which nobody can know: a person decides.
        until(lambda: "unknown" in states(relay), relay.said)
        assert orders_there(venue) == before
        children = [one for order in relay.every("/orders") for one in order["children"]]
        [child] = [one for one in children if one["state"] == "unknown"]
        relay.call("POST", f"/orders/{child['client_id']}/resolve", json={"decision": "absent"})
    relay.settled()
    report = judged(relay.export(), book_of(venue))
    relay.kill()
    assert report.ok, told(report)
    assert orders_there(venue) == before + 1
    assert executed(venue) == 2 * (before + 1)


def states(relay: Relay) -> list[str]:
    return [child["state"] for order in relay.every("/orders") for child in order["children"]]


def orders_there(venue: VenueProcess) -> int:
    return sum(len(account.orders) for account in book_of(venue).accounts)


def executed(venue: VenueProcess) -> Decimal:
    trades = [one.execution for account in book_of(venue).accounts for one in account.executions]
    return sum((one.quantity for one in trades), Decimal(0))
