"""A queue that is longer than one look reads: the order within a lane holds, no held lane starves another,
and what has grown too old ends without prices."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import legs, limit, sent
from core.engine.bench import Bench, wanted
from core.engine.bench_desk import stock
from tradewire.brokerage.market_view import WantKind
from tradewire.domain.algorithm import Plugged
from tradewire.domain.message import Action
from tradewire.domain.order import ParentOrder, ParentState
from tradewire.engine import loading
from tradewire.engine.inbox import WAITING_PER_DECISION, Inbox, read_inbox
from tradewire.store.schema import verdicts

#: More than the largest plan is shown.
MANY = 4 * WAITING_PER_DECISION * loading.AT_ONCE + 10


@pytest.fixture(autouse=True)
def small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan never decides about more than the first one."""
    monkeypatch.setattr("tradewire.engine.worker.MOST_AT_ONCE", loading.AT_ONCE)


def queued(bench: Bench, count: int, **message: Any) -> list[str]:
    signals = [bench.signal(quantity=Decimal(1), **message) for _ in range(count)]
    bench.route()
    return signals


def inbox(bench: Bench, at_once: int, reach: int, **aliases: str) -> Inbox:
    known = {symbol: stock(id_) for symbol, id_ in aliases.items()}
    return bench.store.read_now(
        lambda conn: read_inbox(conn, "acc", at_once, reach, known, with_others=False)
    )


def symbols(those: tuple[ParentOrder, ...]) -> list[str]:
    return [one.symbol for one in those]


def test_one_look_decides_about_all_of_a_long_queue_in_order(bench: Bench) -> None:
    queued(bench, MANY)
    bench.work()
    parents = bench.parents()
    assert {parent.state for parent in parents} == {ParentState.WORKING}
    assert [child.parent_id for child in bench.unsent()] == [parent.id for parent in parents]


def test_a_lane_that_is_held_does_not_starve_another_one_behind_it(bench: Bench) -> None:
    bench.desk.unpriced.add("AAPL")
    held = queued(bench, MANY, symbol="AAPL")
    (other,) = queued(bench, 1, symbol="MSFT")
    bench.work()
    assert {bench.parent(one).state for one in held} == {ParentState.PENDING}
    assert bench.parent(other).state is ParentState.WORKING
    assert wanted(bench, WantKind.QUOTE)


def test_what_may_be_passed_is_passed_however_many_of_it_wait(bench: Bench) -> None:
    """Additions wait for their entry's first fill; the exit behind them all cancels them and the entry."""
    entry = sent(bench, bench.ask(action=Action.BUY, **limit(10)))
    queued(bench, MANY, action=Action.ADD)
    leave = bench.signal(action=Action.EXIT)
    bench.route()
    bench.work()
    assert bench.child(entry.client_id).cancel_requested
    added = [one for one in bench.parents() if one.leg == 0][1:-1]
    assert {one.state for one in added} == {ParentState.CANCELLED}
    assert legs(bench, leave)[0].state is ParentState.PENDING


def test_a_cancel_ends_the_whole_queue_before_it(bench: Bench) -> None:
    bench.desk.unpriced.add("AAPL")
    before = queued(bench, MANY)
    bench.signal(action=Action.CANCEL)
    after = queued(bench, 2)
    bench.work()
    assert {bench.parent(one).state for one in before} == {ParentState.CANCELLED}
    assert {bench.parent(one).state for one in after} == {ParentState.PENDING}


def test_what_has_grown_too_old_ends_at_once_and_without_prices(bench: Bench) -> None:
    bench.change_algorithm("alg", guardians=(Plugged(name="stale_signal", params={"max_age_s": 30}),))
    bench.desk.unpriced.add("AAPL")
    late = queued(bench, MANY)
    bench.later(31)
    fresh = queued(bench, 1)
    bench.work()
    ended = [bench.parent(one) for one in late]
    assert {(one.state, one.reason) for one in ended} == {(ParentState.BLOCKED, "stale")}
    assert bench.parent(fresh[0]).state is ParentState.PENDING
    assert {len(row.document) for row in bench.rows(verdicts)} == {1}


def test_what_waits_and_is_not_too_old_is_not_judged_early(bench: Bench) -> None:
    bench.desk.unpriced.add("AAPL")
    queued(bench, 1)
    bench.later(20)
    bench.work()
    assert bench.rows(verdicts) == []


def test_a_look_reads_those_that_were_accepted_first(bench: Bench) -> None:
    queued(bench, 5, symbol="AAPL")
    queued(bench, 5, symbol="MSFT")
    found = inbox(bench, at_once=3, reach=0)
    assert (symbols(found.own), found.cut) == (["AAPL"] * 5 + ["MSFT"], True)
    assert not inbox(bench, at_once=5, reach=0).cut


def test_a_further_look_reads_the_first_of_each_symbol(bench: Bench) -> None:
    queued(bench, 5, symbol="AAPL")
    queued(bench, 5, symbol="MSFT")
    assert symbols(inbox(bench, 8, reach=1).own) == ["AAPL"] * 2 + ["MSFT"] * 2
    assert symbols(inbox(bench, 8, reach=2).own) == ["AAPL"] * 4 + ["MSFT"] * 4
    assert not inbox(bench, 8, reach=3).cut


def test_two_names_of_one_instrument_are_cut_at_the_same_place(bench: Bench) -> None:
    queued(bench, 5, symbol="AAPL")
    queued(bench, 3, symbol="NASDAQ:AAPL")
    queued(bench, 3, symbol="APPLE")
    queued(bench, 3, symbol="MSFT")
    found = inbox(bench, 8, 1, AAPL="AAPL", APPLE="AAPL", MSFT="MSFT")
    assert symbols(found.own) == ["AAPL"] * 2 + ["MSFT"] * 2


def test_a_worker_that_stops_finishes_the_plan_under_way_and_neither_rests_nor_begins_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(bench, MANY)
    monkeypatch.setattr("tradewire.engine.worker._rest_behind", lambda *_: 1000.0)
    bench.work(meanwhile=bench.worker.stop)
    states = [parent.state for parent in bench.parents()]
    assert states.count(ParentState.WORKING) == loading.AT_ONCE
    assert states.count(ParentState.PENDING) == MANY - loading.AT_ONCE
    bench.work()
    assert [parent.state for parent in bench.parents()] == states
