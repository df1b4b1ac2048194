"""A broker that cannot refuse a second copy: a person decides, through the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.brokerage.scripted_session import ScriptedSession
from integration.relay import Relay, ShiftedClock, running
from integration.venue_truth import QUICK, accepted, ready, stages
from tradewire import Accepted, Broker, Env, Execution, Manifest, OrderRequest, Session
from tradewire.contract.broker import AccountConfig, SubmitResult, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import of_parent
from tradewire.services.accounts import NewAccount
from tradewire.store.schema import child_orders, fills, parent_orders, positions

pytestmark = pytest.mark.usefixtures("on_both_stores")


class CarelessSession(ScriptedSession):
    """Takes any order, hears no id twice as once, finds nothing, and loses its first answer."""

    def __init__(self) -> None:
        super().__init__(DedupeClass.C)

    async def submit(self, order: OrderRequest) -> SubmitResult:
        self.sent.append(order)
        if len(self.sent) == 1:
            return Unknown(cause="the line went dead")
        number = len(self.sent)
        self.told.put_nowait(
            Execution(
                execution_id=f"e{number}",
                client_id=order.client_id,
                broker_order_id=f"b{number}",
                instrument_id=order.instrument.id,
                side=order.side,
                quantity=order.quantity,
                price=Decimal(100),
                currency="USD",
                at=datetime.now(UTC),
            )
        )
        return Accepted(broker_order_id=f"b{number}")


class Careless(Broker):
    name = "careless"
    manifest = Manifest(title="A broker without memory")
    session: CarelessSession

    async def open(self, account: AccountConfig, env: Env) -> Session:
        self.session = CarelessSession()
        return self.session


@contextmanager
def unknown_order(folder: Path) -> Iterator[tuple[Relay, Careless, ShiftedClock, str]]:
    """A relay with one order that went into the dark and was looked for in vain; and its signal."""
    clock = ShiftedClock(datetime.now(UTC))
    with running(folder, clock, **QUICK) as relay:
        relay.key = relay.do(relay.core.services.keys.create("main", "tradingview", "test")).secret
        broker = relay.core.plugins.brokers["careless"] = Careless()
        account = NewAccount(name="desk", broker="careless", config={})
        relay.do(relay.core.services.accounts.add(account, "test"))
        ready(relay)
        relay.add_algorithm("s", account="desk")
        signal = accepted(relay, symbol="AAPL", action="buy", qty=4)
        relay.wait_until(lambda: bool(relay.rows(parent_orders) and alerts(relay)))
        yield relay, broker, clock, signal


def alerts(relay: Relay) -> list[str]:
    """The alerts about the order, as the ledger has them."""
    [parent] = [row for row in relay.rows(parent_orders) if row.purpose == "entry"][:1]
    entries = relay.core.store.read_now(partial(of_parent, parent_id=parent.id))
    return [one.reason or "" for one in entries if one.kind is EntryKind.ALERT_RAISED]


def resolve(relay: Relay, folder: Path, **decision: Any) -> httpx.Response:
    token = json.loads((folder / "instance.json").read_text())["token"]
    [child] = relay.rows(child_orders)
    return relay.http.post(
        f"{relay.url}/api/v1/orders/{child.client_id}/resolve",
        json=decision,
        headers={"authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("late", [False, True])
def test_what_a_person_calls_absent_goes_out_again_only_in_time(tmp_path: Path, late: bool) -> None:
    with unknown_order(tmp_path / "data") as (relay, broker, clock, signal):
        [child] = relay.rows(child_orders)
        assert child.state == "unknown"
        assert len(broker.session.sent) == 1
        assert [f"order resolve {child.client_id}" in alert for alert in alerts(relay)] == [True]
        if late:
            clock.advance(16)
        assert resolve(relay, tmp_path / "data", decision="absent").status_code == 200
        relay.settled()
        [order] = relay.rows(parent_orders)
        [child] = relay.rows(child_orders)
        assert len({one.client_id for one in broker.session.sent}) == 1
        assert len(broker.session.sent) == (1 if late else 2)
        assert (order.state, child.state) == (("expired", "expired") if late else ("filled", "filled"))
        assert "resolved" in stages(relay, signal)


def test_what_a_person_calls_filled_is_booked_and_the_lane_goes_on(tmp_path: Path) -> None:
    with unknown_order(tmp_path / "data") as (relay, broker, _, signal):
        waiting = accepted(relay, symbol="AAPL", action="buy", qty=1)
        relay.wait_until(lambda: "waits" in stages(relay, waiting))
        answer = resolve(relay, tmp_path / "data", decision="filled", quantity="4", price="101.50")
        assert answer.status_code == 200, answer.text
        relay.settled()
        assert {row.signal_id: row.state for row in relay.rows(parent_orders)} == {
            signal: "filled",
            waiting: "filled",
        }
        assert [(row.quantity, row.price) for row in relay.rows(fills)] == [(4, Decimal("101.50")), (1, 100)]
        assert [row.quantity for row in relay.rows(positions)] == [5]
        assert [one.quantity for one in broker.session.sent] == [4, 1]
        assert relay.do(relay.core.services.audit.verify()).ok


def test_nothing_but_a_person_sends_it_again(tmp_path: Path) -> None:
    with unknown_order(tmp_path / "data") as (relay, broker, _, signal):
        accepted(relay, symbol="AAPL", action="cancel")
        relay.wait_until(lambda: len(broker.session.cancelled) >= 1)
        broker.session.told.put_nowait(None)
        before = broker.session
        relay.wait_until(lambda: broker.session is not before and broker.session.asked > 0)
        ready(relay)
        assert broker.session.sent == []
        assert [row.state for row in relay.rows(child_orders)] == ["unknown"]
        assert len(alerts(relay)) == 1
        resolve(relay, tmp_path / "data", decision="absent")
        relay.settled()
        assert broker.session.sent == []
        assert {row.signal_id: row.state for row in relay.rows(parent_orders)}[signal] == "cancelled"
