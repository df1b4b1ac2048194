"""What TradersPost's messages do, from the address to the fills: every position, action and sentiment.

The tables are written by hand from how that format's messages behave where both sides are traded: an opposite
signal closes and then opens its quantity, and a second entry on one side is not taken where only one may be.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from integration.relay import Relay, ShiftedClock, prepare, running
from sending import sent
from tradewire.store.schema import algorithms, child_orders, parent_orders, positions, signals

ALGORITHM = """
name = "{name}"
account = "paper"
symbol = "AAPL"
side = "buy"
quantity = 3
blueprint = "market"
allow_shorts = true
on_opposite = "{on_opposite}"
max_entries = {max_entries}
[signal]
provider = "traderspost"
id = "{name}"
[dynamic]
symbol = true
action = true
quantity = true
order = true
[validity]
kind = "gtc"
[guardians.max_position]
quantity = 1000000
[guardians.max_order_notional]
notional = 100000000
"""
#: In New York, where AAPL trades.
MONDAY_NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
STARTS = {"flat": 0, "long": 10, "short": -10}
REFUSED = "refused"


class Case(NamedTuple):
    start: str
    action: str
    sentiment: str | None
    #: What is sent, in order, or that the message is refused at the door.
    orders: list[int] | str
    quantity: int | None = 5
    on_opposite: str = "swap"
    #: With one, a second entry on the same side is not taken.
    max_entries: int = 1

    @property
    def name(self) -> str:
        parts = (self.start, self.action, self.sentiment or "none", str(self.quantity), self.on_opposite)
        return f"{'_'.join(parts)}_{self.max_entries}"

    @property
    def end(self) -> int:
        return STARTS[self.start] + (0 if isinstance(self.orders, str) else sum(self.orders))


TABLE = [
    # Nothing is held: a buy or sell opens where it may lead to that side.
    Case("flat", "buy", None, [5]),
    Case("flat", "buy", "long", [5]),
    Case("flat", "buy", "short", []),
    Case("flat", "buy", "flat", []),
    Case("flat", "sell", None, [-5]),
    Case("flat", "sell", "long", []),
    Case("flat", "sell", "short", [-5]),
    Case("flat", "sell", "flat", []),
    Case("flat", "exit", None, []),
    Case("flat", "add", None, [], max_entries=2),
    Case("flat", "cancel", None, []),
    # Long: a sell closes all and opens the other side, unless the sentiment says how far it goes.
    Case("long", "buy", None, []),
    Case("long", "buy", "long", []),
    Case("long", "buy", "short", []),
    Case("long", "buy", "flat", []),
    Case("long", "sell", None, [-10, -5]),
    Case("long", "sell", "long", [-5]),
    Case("long", "sell", "short", [-10, -5]),
    Case("long", "sell", "flat", [-10]),
    Case("long", "exit", None, [-5]),
    Case("long", "add", None, [5], max_entries=2),
    Case("long", "cancel", None, []),
    # Short: the mirror.
    Case("short", "sell", None, []),
    Case("short", "sell", "short", []),
    Case("short", "sell", "long", []),
    Case("short", "sell", "flat", []),
    Case("short", "buy", None, [10, 5]),
    Case("short", "buy", "short", [5]),
    Case("short", "buy", "long", [10, 5]),
    Case("short", "buy", "flat", [10]),
    Case("short", "exit", None, [5]),
    Case("short", "add", None, [-5], max_entries=2),
    Case("short", "cancel", None, []),
    # A sentiment belongs to buys and sells.
    *(
        Case(start, action, sentiment, REFUSED)
        for start in STARTS
        for action in ("exit", "add", "cancel")
        for sentiment in ("long", "short", "flat")
    ),
]
WITHOUT_QUANTITY = [
    # An exit closes all; an entry is for the algorithm's own quantity, which is 3.
    Case("flat", "exit", None, [], quantity=None),
    Case("long", "exit", None, [-10], quantity=None),
    Case("short", "exit", None, [10], quantity=None),
    Case("long", "sell", "flat", [-10], quantity=None),
    Case("short", "buy", "flat", [10], quantity=None),
    Case("flat", "buy", None, [3], quantity=None),
    Case("flat", "sell", "short", [-3], quantity=None),
    Case("long", "sell", None, [-10, -3], quantity=None),
    Case("short", "add", None, [-3], quantity=None, max_entries=2),
    # More than there is: everything, and nothing on the other side.
    Case("long", "exit", None, [-10], quantity=25),
    Case("short", "exit", None, [10], quantity=25),
    Case("long", "sell", "flat", [-10], quantity=25),
    Case("short", "buy", "short", [10], quantity=25),
]
OTHERWISE = [
    # Without a sentiment the algorithm says what an opposite signal does; "net" subtracts what it closes.
    Case("long", "sell", None, [-25], quantity=25, on_opposite="net"),
    Case("short", "buy", None, [4], quantity=4, on_opposite="net"),
    Case("long", "sell", None, [-10], quantity=25, on_opposite="close"),
    Case("short", "buy", None, [10], quantity=4, on_opposite="close"),
    Case("long", "sell", "short", [-10, -5], on_opposite="net"),
    Case("long", "sell", "flat", [-10], on_opposite="net"),
    Case("long", "sell", "long", [-5], on_opposite="close"),
    # A second entry where two may be.
    Case("long", "buy", None, [5], max_entries=2),
    Case("long", "buy", "long", [5], max_entries=2),
    Case("short", "sell", "short", [-5], max_entries=2),
]


class Desk:
    """The relay with a TradersPost connection."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self._key = relay.do(relay.core.services.keys.create("posts", "traderspost", "test")).secret

    def add_algorithm(self, name: str, on_opposite: str = "swap", max_entries: int = 1) -> None:
        text = ALGORITHM.format(name=name, on_opposite=on_opposite, max_entries=max_entries)
        self.relay.do(self.relay.core.services.algorithms.add(text, "test"))
        self.relay.do(self.relay.core.services.algorithms.start(name, "test"))

    def post(self, strategy: str, **fields: Any) -> httpx.Response:
        body = {"ticker": "AAPL", **{name: value for name, value in fields.items() if value is not None}}
        path = f"/api/traderspost/webhook/{self._key}/{strategy}"
        content = msgspec.json.encode(body)
        return sent(lambda: self.relay.http.post(f"{self.relay.url}{path}", content=content))

    def orders(self, strategy: str) -> list[int]:
        """Signed quantities of what was filled for the strategy, in order."""
        return [int(one.filled if one.side == "buy" else -one.filled) for one in self._children(strategy)]

    def states(self, strategy: str) -> list[str]:
        """Of the strategy's orders at the broker, in order."""
        return [child.state for child in self._children(strategy)]

    def held(self, strategy: str) -> int:
        """The strategy's own position, signed."""
        (algorithm,) = (row.id for row in self.relay.rows(algorithms) if row.name == strategy)
        return int(sum(row.quantity for row in self.relay.rows(positions) if row.algorithm_id == algorithm))

    def _children(self, strategy: str) -> list[Any]:
        sent = {row.id: row.seq for row in self.relay.rows(signals) if row.strategy_id == strategy}
        order = {
            row.id: (sent[row.signal_id], row.leg)
            for row in self.relay.rows(parent_orders)
            if row.signal_id in sent
        }
        mine = (row for row in self.relay.rows(child_orders) if row.parent_id in order)
        return sorted(mine, key=lambda row: order[row.parent_id])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running(tmp_path_factory.mktemp("relay") / "data", ShiftedClock(MONDAY_NOON)) as relay:
        prepare(relay)
        yield Desk(relay)


@pytest.mark.parametrize("cases", [TABLE, WITHOUT_QUANTITY, OTHERWISE], ids=["table", "quantity", "opposite"])
def test_each_message_leads_to_the_orders_and_the_position_of_the_table(
    desk: Desk, cases: list[Case]
) -> None:
    for case in cases:
        desk.add_algorithm(case.name, case.on_opposite, case.max_entries)
        if case.start != "flat":
            action = "buy" if case.start == "long" else "sell"
            assert desk.post(case.name, action=action, quantity=10).json()["status"] == "accepted"
    desk.relay.settled()
    for case in cases:
        answer = desk.post(case.name, action=case.action, sentiment=case.sentiment, quantity=case.quantity)
        if case.orders == REFUSED:
            assert (answer.status_code, answer.json()["field"]) == (400, "sentiment"), case
        else:
            assert answer.json()["status"] == "accepted", (case, answer.text)
    desk.relay.settled()
    before = {case.name: [STARTS[case.start]] if STARTS[case.start] else [] for case in cases}
    expected = {
        case.name: before[case.name] + (case.orders if isinstance(case.orders, list) else [])
        for case in cases
    }
    assert {case.name: desk.orders(case.name) for case in cases} == expected
    assert {case.name: desk.held(case.name) for case in cases} == {case.name: case.end for case in cases}


def test_the_table_has_every_position_action_and_sentiment() -> None:
    there = {(case.start, case.action, case.sentiment) for case in TABLE}
    assert len(TABLE) == len(there) == 3 * 5 * 4


FAR = {"action": "buy", "quantity": 1, "orderType": "limit", "limitPrice": 1, "timeInForce": "gtc"}


def test_a_cancel_ends_the_strategys_own_working_orders_alone(desk: Desk) -> None:
    for name in ("cancelled", "kept"):
        desk.add_algorithm(name)
        desk.post(name, **FAR)
    desk.relay.wait_until(lambda: [*desk.states("cancelled"), *desk.states("kept")] == ["acknowledged"] * 2)
    desk.post("cancelled", action="cancel")
    desk.relay.wait_until(lambda: desk.states("cancelled") == ["cancelled"])
    assert desk.states("kept") == ["acknowledged"]
    desk.post("kept", action="cancel")
    desk.relay.settled()


def test_an_order_may_ask_that_the_ones_before_it_are_cancelled_first(desk: Desk) -> None:
    desk.add_algorithm("replaced", max_entries=2)
    desk.post("replaced", **FAR)
    desk.relay.wait_until(lambda: desk.states("replaced") == ["acknowledged"])
    desk.post("replaced", action="buy", quantity=2, cancel=True)
    desk.relay.settled()
    assert desk.states("replaced") == ["cancelled", "filled"]
    assert desk.held("replaced") == 2
