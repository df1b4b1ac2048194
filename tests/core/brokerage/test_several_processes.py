"""What processes on one PostgreSQL database do at once comes to the same as one after the other."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import Connection

from core.engine.bench import Bench, execution
from tradewire import Accepted
from tradewire.brokerage import decisions
from tradewire.brokerage import release as releasing
from tradewire.brokerage.decisions import OrderDecision
from tradewire.brokerage.release import Withheld
from tradewire.brokerage.reports import store_reports
from tradewire.domain.ledger import Entry
from tradewire.domain.order import ChildOrder, ChildState, ParentState
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.state import versions
from tradewire.state.switches import set_switch
from tradewire.store.database import Store, open_store

TOGETHER = 8


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


def sent(bench: Bench, quantity: int) -> tuple[str, ChildOrder]:
    signal = bench.ask(quantity=Decimal(quantity))
    [child] = bench.children(bench.parent(signal).id)
    bench.release(child.client_id)
    return signal, bench.child(child.client_id)


def test_each_execution_is_booked_once_whoever_tells_it_how_often(bench: Bench) -> None:
    signal, child = sent(bench, 40)
    told = [execution(child, f"e{number}", 1) for number in range(40)]
    chance, now = random.Random(11), bench.clock.now()

    def tell(seed: int) -> None:
        mine = random.Random(seed).sample(told, len(told))
        while mine:
            size = chance.randrange(1, 6)
            batch, mine = mine[:size], mine[size:]
            bench.write(store_reports, account_id="acc", reports=batch, now=now)

    with ThreadPoolExecutor(TOGETHER) as threads:
        list(threads.map(tell, range(TOGETHER)))
    parent = bench.parent(signal)
    assert (len(bench.fills()), bench.held()) == (40, Decimal(40))
    assert (parent.filled, bench.child(child.client_id).filled) == (Decimal(40), Decimal(40))
    assert bench.kinds().count("fill.stored") == 40


def test_an_acknowledgement_and_fills_at_once_lose_nothing_of_each_other(bench: Bench) -> None:
    for _ in range(5):
        signal, child = sent(bench, 2)
        told = Accepted(broker_order_id=f"b-{child.client_id}")
        at_once(
            partial(bench.submitted, child.client_id, told),
            *(
                partial(bench.report, execution(child, f"{child.client_id}-{number}", 1))
                for number in range(2)
            ),
        )
        stored = bench.child(child.client_id)
        assert (stored.filled, stored.state) == (Decimal(2), ChildState.FILLED)
        assert stored.broker_order_id == f"b-{child.client_id}"
        bench.work()
        assert bench.parent(signal).state is ParentState.FILLED


def test_people_who_decide_on_one_order_at_once_are_all_heard_and_the_last_one_counts(bench: Bench) -> None:
    for number in range(20):
        client_id, now = f"c{number}", bench.clock.now()
        said = [OrderDecision(client_id=client_id, filled=(Decimal(one), Decimal(10))) for one in range(1, 5)]
        at_once(
            *(
                partial(bench.write, decisions.put, account_id="acc", decision=one, now=now)
                for one in [*said, OrderDecision(client_id=client_id, filled=None)]
            )
        )
        [left] = bench.store.read_now(partial(decisions.waiting, account_id="acc"))
        assert left in [*said, OrderDecision(client_id=client_id, filled=None)]
        bench.write(decisions.put, account_id="acc", decision=said[0], now=now)
        assert bench.store.read_now(partial(decisions.waiting, account_id="acc")) == (said[0],)
        bench.write(decisions.settle, decision=said[0])


def at_once(*acts: Callable[[], object]) -> None:
    start = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> None:
        start.wait()
        one()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(act, acts))


def halted(bench: Bench, scope: Scope, scope_id: str):
    def unit(conn: Connection) -> None:
        versions.lock(conn, "acc")
        set_switch(conn, scope, scope_id, SwitchState.HALTED, "enough", "me", bench.clock.now())
        versions.bump(conn, "acc")

    return unit


@pytest.mark.parametrize(
    ("scope", "scope_id"), [(Scope.GLOBAL, ""), (Scope.ACCOUNT, "acc"), (Scope.ALGORITHM, "alg")]
)
def test_an_order_that_is_released_while_a_switch_is_being_set_sees_it_set(
    bench: Bench, store: Store, scope: Scope, scope_id: str
) -> None:
    bench.ask()
    [child] = bench.unsent()
    set_, go_on = threading.Event(), threading.Event()

    def setting(conn: Connection) -> None:
        halted(bench, scope, scope_id)(conn)
        set_.set()
        go_on.wait()

    with ThreadPoolExecutor(2) as threads:
        switch = threads.submit(store.write_now, setting)
        set_.wait()
        release = threads.submit(bench.release, child.client_id)
        go_on.set()
        switch.result()
        assert isinstance(release.result(), Withheld)
    assert bench.child(child.client_id).sent_at is None


def test_a_switch_is_set_only_after_an_order_that_was_being_released_before_it(
    bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ask()
    [child] = bench.unsent()
    looking, go_on = threading.Event(), threading.Event()
    append = releasing.append

    def slowly(conn: Connection, entries: Iterable[Entry]) -> None:
        append(conn, entries)
        looking.set()
        go_on.wait()

    monkeypatch.setattr(releasing, "append", slowly)
    order: list[str] = []

    def halt() -> None:
        store.write_now(halted(bench, Scope.GLOBAL, ""))
        order.append(bench.child(child.client_id).state.value)

    with ThreadPoolExecutor(2) as threads:
        release = threads.submit(bench.release, child.client_id)
        looking.wait()
        setting = threads.submit(halt)
        go_on.set()
        assert not isinstance(release.result(), Withheld)
        setting.result()
    # By the time the halt was confirmed, the order was on its way and not about to be.
    assert order == ["sent"]
