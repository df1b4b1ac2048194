"""Fault 4: kill -9 at each place of submitting, for brokers of class A, B and C.

What they are is told to a life by a variable: the paper venue refuses copies and finds orders by their id, so
it may stand for each class; the classes differ in what Tradewire may do on its own.
"""

from decimal import Decimal

import pytest

from faults import classes
from faults.life import Relay, set_up, until
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess

SUBMIT = ("submit.storing", "submit.released", "submit.sent", "submit.outcome", "submit.stored")


@pytest.mark.parametrize("dedupe", ["A", "B", "C"])
@pytest.mark.parametrize("point", SUBMIT)
def test_04_killed_while_submitting_there_is_one_order(
    nursery: Nursery, tmp_path_factory: pytest.TempPathFactory, venue: VenueProcess, point: str, dedupe: str
) -> None:
    relay = Relay(nursery, tmp_path_factory.mktemp("relay"), **{classes.VARIABLE: dedupe})
    set_up(relay, venue)
    relay.kill()
    assert relay.start(crash=point), relay.said()
    relay.try_to_post("entries", symbol="AAPL", action="buy", qty=2)
    assert relay.ended() == -9
    assert relay.hit() == [point]

    assert relay.start(), relay.said()
    if dedupe == "C" and point == "submit.released":
        # Nothing of it has left, which nobody can know: a person decides.
        until(lambda: states(relay) == ["unknown"], relay.said)
        assert orders_there(venue) == 0
        [child] = [one for order in relay.every("/orders") for one in order["children"]]
        relay.call("POST", f"/orders/{child['client_id']}/resolve", json={"decision": "absent"})
    relay.settled()
    report = judged(relay.export(), book_of(venue))
    relay.kill()
    assert report.ok, told(report)
    assert orders_there(venue) == 1
    assert executed(venue) == Decimal(2)


def states(relay: Relay) -> list[str]:
    return [child["state"] for order in relay.every("/orders") for child in order["children"]]


def orders_there(venue: VenueProcess) -> int:
    return sum(len(account.orders) for account in book_of(venue).accounts)


def executed(venue: VenueProcess) -> Decimal:
    trades = [one.execution for account in book_of(venue).accounts for one in account.executions]
    return sum((one.quantity for one in trades), Decimal(0))
