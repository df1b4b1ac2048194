"""Units of different processes that change the same account go one after the other, others side by side."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, select

from core.engine.bench import Bench
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.state import versions
from tradewire.state.switches import set_switch
from tradewire.store.database import Store, open_store
from tradewire.store.schema import ledger_entries, switches
from tradewire.testing.clock import DEFAULT_START


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


class Holding:
    """A unit under way, which locks and does `work`, and commits when it is told to."""

    def __init__(self, store: Store, work: Callable[[Connection], object]) -> None:
        self._began, self._go_on = threading.Event(), threading.Event()
        self._threads = ThreadPoolExecutor(1)
        self._work = work
        self.result: Future[object] = self._threads.submit(store.write_now, self._unit)
        self._began.wait()

    def commit(self) -> None:
        self._go_on.set()
        self.result.result()
        self._threads.shutdown()

    def _unit(self, conn: Connection) -> None:
        self._work(conn)
        self._began.set()
        self._go_on.wait()


def bumped(account_id: str) -> Callable[[Connection], None]:
    def unit(conn: Connection) -> None:
        versions.lock(conn, account_id)
        versions.bump(conn, account_id)

    return unit


@pytest.mark.parametrize("is_known", [True, False])
def test_who_locks_second_sees_what_the_first_has_done(store: Store, is_known: bool) -> None:
    if is_known:
        store.write_now(bumped("a"))
    first = Holding(store, bumped("a"))

    def look(conn: Connection) -> tuple[tuple[str, str, int], ...]:
        versions.lock(conn, "a")
        return versions.read(conn, "a")

    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(store.write_now, look)
        first.commit()
        assert second.result() == (("account", "a", 1 + is_known),)


def test_other_accounts_go_on_meanwhile(store: Store) -> None:
    first = Holding(store, bumped("a"))
    store.write_now(bumped("b"))
    first.commit()
    assert store.read_now(lambda conn: versions.read(conn, None)) == (
        ("account", "a", 1),
        ("account", "b", 1),
    )


def test_a_lock_alone_voids_no_plan(store: Store) -> None:
    store.write_now(lambda conn: versions.lock(conn, "a"))
    assert store.read_now(lambda conn: versions.read(conn, "a")) == ()


def test_whoever_locks_several_never_waits_in_a_circle(store: Store) -> None:
    runs = itertools.count()

    def unit_of(names: tuple[str, ...]) -> Callable[[Connection], None]:
        def unit(conn: Connection) -> None:
            next(runs)
            versions.lock_several(conn, names)
            for name in names:
                versions.bump(conn, name)

        return unit

    orders = list(itertools.permutations("abc")) * 8
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(store.write_now, map(unit_of, orders)))
    assert {row[2] for row in store.read_now(lambda conn: versions.read(conn, None))} == {len(orders)}
    # None of them had to run twice because of a deadlock.
    assert next(runs) == len(orders)


def test_locking_all_waits_for_each(store: Store) -> None:
    store.write_now(bumped("a"))
    store.write_now(bumped("b"))
    first = Holding(store, bumped("b"))

    def look(conn: Connection) -> list[int]:
        versions.lock_all(conn)
        return [version for _, _, version in versions.read(conn, None)]

    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(store.write_now, look)
        first.commit()
        assert second.result() == [1, 2]


def test_a_child_order_locks_its_account(store: Store) -> None:
    bench = Bench(store)
    bench.account()
    bench.algorithm()
    bench.ask()
    child = bench.children(bench.parents()[0].id)[0]
    first = Holding(store, bumped("acc"))
    before = store.read_now(lambda conn: versions.read(conn, "acc"))[0][2]

    def look(conn: Connection) -> int:
        versions.lock_owner_of(conn, child.client_id)
        return versions.read(conn, "acc")[0][2]

    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(store.write_now, look)
        first.commit()
        assert second.result() == before + 1


def test_switches_set_at_once_each_have_an_epoch_of_their_own(store: Store) -> None:
    def flip(number: int) -> None:
        state = (SwitchState.HALTED, SwitchState.ACTIVE)[number % 2]
        store.write_now(lambda conn: set_switch(conn, Scope.GLOBAL, "", state, "why", "me", DEFAULT_START))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(flip, range(24)))
    epoch, entries = store.read_now(
        lambda conn: (
            conn.execute(select(switches.c.epoch)).scalar_one(),
            len(conn.execute(select(ledger_entries.c.seq)).all()),
        )
    )
    assert (epoch, entries) == (24, 24)
