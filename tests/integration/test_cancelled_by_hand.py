"""`tradewire order cancel` through every real part: the broker's order ends, and only then ours."""

from integration.relay import Relay
from tradewire.audit.finding import Report
from tradewire.store.schema import child_orders, fills, parent_orders


def test_a_limit_order_at_the_broker_is_cancelled_there_and_then_over(relay: Relay) -> None:
    relay.add_algorithm("patient")
    order = {"symbol": "AAPL", "action": "buy", "qty": 5, "orderType": "limit", "limitPrice": "1"}
    relay.post("patient", **order)
    relay.wait_until(lambda: [row.state for row in relay.rows(child_orders)] == ["acknowledged"])
    [parent] = relay.rows(parent_orders)
    assert relay.do(relay.core.services.cancellation.cancel(parent.id[:8], "me")).cancel_requested
    relay.settled()
    assert [row.state for row in relay.rows(child_orders)] == ["cancelled"]
    assert [(row.state, row.reason) for row in relay.rows(parent_orders)] == [("cancelled", "cancelled")]
    assert relay.rows(fills) == []
    found: Report = relay.do(relay.core.services.audit.check(None, (), True))
    assert found.findings == ()


def test_an_order_that_waits_for_its_account_is_cancelled_before_it_was_sent(relay: Relay) -> None:
    relay.add_algorithm("patient")
    relay.add_account("away", url="http://127.0.0.1:9")
    relay.add_algorithm("elsewhere", account="away")
    relay.post("elsewhere", symbol="AAPL", action="buy", qty=5)
    relay.wait_until(lambda: len(relay.rows(parent_orders)) == 1)
    [parent] = relay.rows(parent_orders)
    relay.do(relay.core.services.cancellation.cancel(parent.id[:8], "me"))
    relay.settled()
    assert [row.state for row in relay.rows(parent_orders)] == ["cancelled"]
    assert relay.rows(child_orders) == []
