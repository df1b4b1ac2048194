"""The last look before an order goes out, and that what is withheld ends its parent."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import Connection, update

from core.engine.bench import Bench, execution
from tradewire import OrderRequest, OrderType, Plugged, Scope, Unknown
from tradewire.brokerage.leases import shared_now
from tradewire.brokerage.outcomes import store_absent
from tradewire.brokerage.release import Lease, Withheld, release_all
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState, ParentState
from tradewire.domain.switch import SwitchState
from tradewire.store.schema import child_orders, leases

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": Decimal(90)}


def waiting(bench: Bench, **message: object) -> tuple[str, ChildOrder]:
    signal = bench.ask(**message)
    (child,) = bench.children(bench.parent(signal).id)
    assert child.state is ChildState.NEW
    return signal, child


def holding(bench: Bench) -> None:
    _, child = waiting(bench)
    bench.release(child.client_id)
    bench.report(execution(child, "entry", 10))
    bench.work()


def test_an_order_goes_out_once(bench: Bench) -> None:
    _, child = waiting(bench)
    first, again = bench.release(child.client_id), bench.release(child.client_id)
    assert isinstance(first, OrderRequest)
    assert (first.client_id, first.quantity, first.side) == (child.client_id, child.quantity, child.side)
    assert isinstance(again, Withheld)
    assert not again.ended
    assert bench.kinds().count("child.sent") == 1


Change = Callable[[Bench], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "account halted": (lambda b: b.switch(SwitchState.HALTED), "halted"),
    "account reducing": (lambda b: b.switch(SwitchState.REDUCING), "halted"),
    "all halted": (lambda b: b.switch(SwitchState.HALTED, Scope.GLOBAL, ""), "halted"),
    "algorithm halted": (lambda b: b.switch(SwitchState.HALTED, Scope.ALGORITHM, "alg"), "halted"),
    "stopped": (lambda b: b.change_algorithm("alg", state=AlgorithmState.STOPPED), "algorithm_stopped"),
    "too late": (lambda b: b.later(11), "too_late"),
}


@pytest.mark.parametrize("message", [{}, LIMIT], ids=["market", "limit"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_since_the_admission_withholds_the_order_and_ends_it(
    bench: Bench, name: str, message: dict[str, object]
) -> None:
    change, reason = CHANGES[name]
    late = reason == "too_late"
    child_state = ChildState.EXPIRED if late else ChildState.CANCELLED
    parent_state = ParentState.EXPIRED if late else ParentState.CANCELLED
    signal, child = waiting(bench, **message)
    change(bench)
    withheld = bench.release(child.client_id)
    assert isinstance(withheld, Withheld)
    assert withheld.ended
    stored = bench.child(child.client_id)
    assert (stored.state, stored.reason, stored.sent_at) == (child_state, reason, None)
    bench.work()
    assert (bench.parent(signal).state, bench.parent(signal).reason) == (parent_state, reason)


def test_another_algorithms_switch_withholds_nothing(bench: Bench) -> None:
    bench.algorithm("other")
    _, child = waiting(bench)
    bench.switch(SwitchState.HALTED, Scope.ALGORITHM, "other")
    assert isinstance(bench.release(child.client_id), OrderRequest)


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: bench.switch(SwitchState.REDUCING),
        lambda bench: bench.change_algorithm("alg", state=AlgorithmState.STOPPED),
    ],
    ids=["reducing", "stopped"],
)
def test_an_exit_still_goes_out(bench: Bench, change: Callable[[Bench], object]) -> None:
    holding(bench)
    _, child = waiting(bench, action=Action.EXIT)
    change(bench)
    assert isinstance(bench.release(child.client_id), OrderRequest)


def test_halted_holds_an_exit_back_too(bench: Bench) -> None:
    holding(bench)
    signal, child = waiting(bench, action=Action.EXIT)
    bench.switch(SwitchState.HALTED)
    assert isinstance(bench.release(child.client_id), Withheld)
    bench.work()
    assert bench.parent(signal).state is ParentState.CANCELLED


def test_an_order_cancelled_before_it_was_sent_never_goes_out(bench: Bench) -> None:
    signal, child = waiting(bench)
    bench.ask(action=Action.CANCEL)
    assert isinstance(bench.release(child.client_id), Withheld)
    assert bench.parent(signal).state is ParentState.CANCELLED


@pytest.mark.parametrize(
    "lease", [Lease(owner="me", epoch=7), Lease(owner="another", epoch=1)], ids=["epoch", "owner"]
)
def test_without_the_lease_nothing_is_sent_and_nothing_ends(bench: Bench, lease: Lease) -> None:
    signal, child = waiting(bench)
    held = bench.leases["acc"]
    bench.leases["acc"] = lease
    withheld = bench.release(child.client_id)
    assert isinstance(withheld, Withheld)
    assert not withheld.ended
    assert bench.parent(signal).state is ParentState.WORKING
    bench.leases["acc"] = held
    assert isinstance(bench.release(child.client_id), OrderRequest)


def test_a_lease_taken_anew_voids_the_old_epoch(bench: Bench) -> None:
    _, child = waiting(bench)
    old = bench.leases["acc"]
    bench.take_lease("acc")
    new, bench.leases["acc"] = bench.leases["acc"], old
    assert isinstance(bench.release(child.client_id), Withheld)
    bench.leases["acc"] = new
    assert isinstance(bench.release(child.client_id), OrderRequest)


def test_a_lease_that_could_run_out_during_the_submission_sends_nothing(bench: Bench) -> None:
    _, child = waiting(bench)

    def nearly_over(conn: Connection) -> None:
        ends = shared_now(conn, bench.clock.now()) + timedelta(seconds=9)
        conn.execute(update(leases).values(until=ends))

    bench.store.write_now(nearly_over)
    assert bench.release(child.client_id) == Withheld(
        reason="This process no longer holds the account's lease.", ended=False
    )


def test_an_order_found_absent_too_late_expires_instead_of_being_sent_again(bench: Bench) -> None:
    signal, child = waiting(bench)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    bench.later(11)
    bench.write(
        store_absent, client_id=child.client_id, proof="p", dedupe=DedupeClass.A, now=bench.clock.now()
    )
    assert isinstance(bench.release(child.client_id), Withheld)
    bench.work()
    assert (bench.parent(signal).state, bench.parent(signal).reason) == (ParentState.EXPIRED, "too_late")


def test_a_time_out_keeps_what_was_reserved(bench: Bench) -> None:
    limit = Plugged(name="max_position", params={"quantity": "10"})
    bench.algorithm("tight", guardians=(limit,))
    first = bench.ask("tight", quantity=Decimal(6))
    (child,) = bench.children(bench.parent(first, "tight").id)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    bench.report(msgspec.structs.replace(execution(child, "part", 1)))
    second = bench.ask("tight", quantity=Decimal(5))
    assert bench.parent(second, "tight").reason == "position_too_large"


def test_an_order_waits_for_those_before_it_in_its_lane_and_for_no_other(bench: Bench) -> None:
    first, second, elsewhere = (waiting(bench, symbol=symbol)[1] for symbol in ("AAPL", "AAPL", "MSFT"))
    held = bench.release(second.client_id)
    assert isinstance(held, Withheld)
    assert not held.ended
    assert held.behind == (first.client_id,)
    assert isinstance(bench.release(elsewhere.client_id), OrderRequest)
    assert isinstance(bench.release(first.client_id), OrderRequest)
    assert isinstance(bench.release(second.client_id), OrderRequest)


def test_orders_of_one_lane_go_out_together_in_their_order(bench: Bench) -> None:
    _, cancelled = waiting(bench)
    children = [cancelled, *(waiting(bench)[1] for _ in range(2))]
    bench.write(_ask_for_its_end, client_id=cancelled.client_id)
    ids = [child.client_id for child in children]
    ended, *released = bench.write(
        release_all,
        client_ids=ids,
        lease=bench.leases["acc"],
        now=bench.clock.now(),
        submit_timeout_s=1.0,
        release_timeout_s=10.0,
    )
    assert isinstance(ended, Withheld)
    assert ended.ended
    assert [one.client_id for one in released] == ids[1:]


def _ask_for_its_end(conn: Connection, client_id: str) -> None:
    conn.execute(
        update(child_orders).where(child_orders.c.client_id == client_id).values(cancel_requested=True)
    )
