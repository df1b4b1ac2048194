"""What happens between the look and the write, and while nobody knows."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from core.engine.acts import ended, limit, only_child, sent
from core.engine.bench import Bench, execution
from tradewire import (
    Rejected,
    RejectKind,
    Unknown,
)
from tradewire.brokerage.outcomes import store_absent
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.message import Action
from tradewire.domain.order import ChildState, ParentState
from tradewire.domain.switch import SwitchState
from tradewire.engine import loading
from tradewire.engine.planning import plan
from tradewire.engine.storing import Overtaken, store_plan
from tradewire.store.database import Store


def test_a_report_between_look_and_write_is_never_overwritten(bench: Bench) -> None:
    """What the broker said while the plan was made stays, though it moved no state."""
    signal = bench.ask(**limit(10))
    child = sent(bench, signal)
    bench.signal(action=Action.CANCEL)
    bench.route()
    bench.work(meanwhile=lambda: bench.report(ended(child, 5)))
    stored = bench.child(child.client_id)
    assert (stored.reported_state, stored.reported_filled) == (ChildState.CANCELLED, Decimal(5))
    assert stored.cancel_requested
    bench.report(execution(child, "e", 5))
    bench.work()
    assert bench.parent(signal).state is ParentState.PARTLY_FILLED


def test_a_release_between_look_and_write_turns_an_end_into_a_cancel(bench: Bench) -> None:
    signal = bench.ask(**limit(10))
    child = only_child(bench, signal)
    bench.signal(action=Action.CANCEL)
    bench.route()
    bench.work(meanwhile=lambda: bench.release(child.client_id))
    assert bench.child(child.client_id).state is ChildState.SENT
    assert [one.client_id for one in bench.desk.cancels] == [child.client_id]


def test_a_switch_between_look_and_write_blocks(bench: Bench) -> None:
    signal = bench.signal()
    bench.route()
    bench.work(meanwhile=lambda: bench.switch(SwitchState.HALTED))
    assert bench.parent(signal).state is ParentState.BLOCKED


def test_a_plan_overtaken_again_and_again_is_made_where_nothing_can_overtake_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = bench.signal()
    bench.route()
    read = bench.interleaved.read_now

    def overtaken(unit: Any) -> Any:
        found = read(unit)
        bench.switch(SwitchState.ACTIVE)
        return found

    monkeypatch.setattr(bench.interleaved, "read_now", overtaken)
    bench.work()
    assert bench.parent(signal).state is ParentState.WORKING


def test_a_plan_made_under_an_older_lease_stores_nothing(bench: Bench, store: Store) -> None:
    bench.signal()
    bench.route()
    view = store.read_now(
        partial(loading.account_view, account_id="acc", now=bench.clock.now(), with_others=False)
    )
    assert view is not None
    changes = plan(view, bench.desk.market("acc"), bench.plugins, bench.judge, bench.limits)
    bench.take_lease("acc")
    with pytest.raises(Overtaken):
        store.write_now(partial(store_plan, view=view, changes=changes, with_others=False))
    assert bench.children() == []


def test_an_order_of_a_broker_that_cannot_refuse_a_copy_is_never_sent_again(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    after = bench.write(
        store_absent, client_id=child.client_id, proof="p", dedupe=DedupeClass.C, now=bench.clock.now()
    )
    assert not after.send
    assert bench.child(child.client_id).state is ChildState.UNKNOWN
    assert "alert.raised" in bench.kinds()


def test_an_order_that_never_arrived_goes_out_again_under_the_same_id(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    first = bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    after = bench.write(
        store_absent, client_id=child.client_id, proof="p", dedupe=DedupeClass.B, now=bench.clock.now()
    )
    assert after.send
    assert bench.release(child.client_id) == first


def test_a_second_copy_refused_by_the_broker_is_looked_up_and_not_taken_for_a_refusal(bench: Bench) -> None:
    child = only_child(bench, bench.ask())
    bench.release(child.client_id)
    after = bench.submitted(child.client_id, Rejected(kind=RejectKind.DUPLICATE, message="seen"))
    assert after.look_up
    assert bench.child(child.client_id).state is ChildState.UNKNOWN


def test_a_refused_order_ends_its_parent_with_the_brokers_words(bench: Bench) -> None:
    signal = bench.ask()
    child = only_child(bench, signal)
    bench.release(child.client_id)
    bench.submitted(
        child.client_id, Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message="insufficient buying power")
    )
    bench.work()
    parent = bench.parent(signal)
    assert (parent.state, parent.reason) == (ParentState.REJECTED, "insufficient_funds")
    assert "insufficient buying power" in (parent.detail or "")
