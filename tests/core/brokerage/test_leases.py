"""Leases: one owner at a time, by one clock; what is stored under a lost one, and when it ends."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import Any

import pytest
from sqlalchemy import insert

from tradewire.brokerage import leases as leasing
from tradewire.brokerage.leases import Lease
from tradewire.brokerage.tenure import FencedStore, LeaseLost, Tenure
from tradewire.brokerage.time_outs_first import TimeOutsFirst
from tradewire.store.database import Store, open_store
from tradewire.store.schema import accounts, leases
from tradewire.testing.clock import FakeClock

NOW = datetime.now(UTC)


def take(store: Store, owner: str, now: datetime = NOW, lease_s: float = 600.0) -> Lease | None:
    return store.write_now(partial(leasing.take, account_id="acc", owner=owner, now=now, lease_s=lease_s))


def owner_of(store: Store) -> str | None:
    return store.read_now(partial(leasing.owner_of, account_id="acc", now=NOW))


def test_a_lease_that_is_held_is_nobody_elses(store: Store) -> None:
    assert take(store, "one") == Lease(owner="one", epoch=1)
    assert take(store, "two") is None
    assert owner_of(store) == "one"


def test_the_same_name_takes_its_own_lease_anew_at_once(store: Store) -> None:
    take(store, "one")
    assert take(store, "one") == Lease(owner="one", epoch=2)


def test_a_lease_that_ended_or_was_given_back_is_anybodys(store: Store) -> None:
    take(store, "one", lease_s=-1)
    assert owner_of(store) is None
    assert take(store, "two") == Lease(owner="two", epoch=2)
    store.write_now(partial(leasing.give_back, owner="two"))
    assert take(store, "three") == Lease(owner="three", epoch=3)


def test_only_what_was_taken_in_its_epoch_is_prolonged(store: Store) -> None:
    take(store, "one")
    renew = partial(leasing.renew, owner="one", now=NOW, lease_s=600)
    assert store.write_now(partial(renew, epochs={"acc": 1, "unknown": 1})) == {"acc"}
    assert store.write_now(partial(renew, epochs={"acc": 2})) == frozenset()
    take(store, "one", lease_s=-1)
    assert store.write_now(partial(renew, epochs={"acc": 2})) == frozenset()


def test_a_process_whose_clock_is_wrong_takes_nothing_that_is_held(postgres_url: str) -> None:
    store = open_store(postgres_url)
    try:
        take(store, "one")
        assert take(store, "two", NOW + timedelta(days=1)) is None
        take(store, "one", NOW - timedelta(days=1))
        assert store.read_now(partial(leasing.owner_of, account_id="acc", now=NOW)) == "one"
        assert take(store, "two") is None
    finally:
        store.close()


def test_a_tenure_ends_by_the_stopwatch_and_never_comes_back() -> None:
    clock = FakeClock()
    tenure = Tenure("acc", Lease(owner="one", epoch=1), clock.monotonic() + 30, clock)
    clock.advance(20)
    assert tenure.outlasts(9)
    assert not tenure.outlasts(10)
    tenure.prolong(clock.monotonic() + 30)
    assert tenure.outlasts(29)
    clock.advance(30)
    tenure.prolong(clock.monotonic() + 30)
    assert not tenure.outlasts(0)


def test_under_a_lost_lease_nothing_is_stored_and_the_tenure_has_ended(store: Store) -> None:
    lease = take(store, "one")
    assert lease is not None
    tenure = Tenure("acc", lease, inf, FakeClock())
    fenced = FencedStore(store, tenure)
    row = {"id": "new", "name": "new", "document": None, "created_at": NOW}

    def unit(conn: Any) -> None:
        conn.execute(insert(leases).values(account_id="new", epoch=1, reconciled=False))

    asyncio.run(fenced.write(unit))
    store.write_now(partial(leasing.give_back, owner="one"))
    take(store, "two")
    with pytest.raises(LeaseLost):
        asyncio.run(fenced.write(lambda conn: conn.execute(insert(accounts).values(row)).close()))
    assert not tenure.outlasts(0)
    assert store.read_now(lambda conn: conn.execute(accounts.select()).all()) == []


def test_after_a_standstill_what_has_timed_out_comes_before_what_has_arrived() -> None:
    now = [0.0]
    selector = TimeOutsFirst(lambda: now[0])
    here, there = socket.socketpair()
    with selector, here, there:
        selector.register(here, 1)
        there.send(b"arrived")
        assert len(selector.select(0)) == 1
        now[0] += 5.0
        assert selector.select(0) == []
        assert len(selector.select(0)) == 1
