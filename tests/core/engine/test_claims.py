"""Which accounts a worker takes: its share, what nobody else wants, and nothing that is another's."""

import asyncio
from collections.abc import Iterable, MutableMapping
from functools import partial
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, insert

from core.engine.bench import Bench
from tradewire.brokerage import leases
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.tenure import Tenure
from tradewire.domain.account import Account
from tradewire.engine.claims import Claims, Served
from tradewire.engine.roll import WorkerIdentity, read_roll
from tradewire.settings import EngineSettings
from tradewire.store.schema import accounts
from tradewire.testing.clock import FakeClock

SETTINGS = EngineSettings()
ACCOUNTS = ("a", "b", "c")


class Someone:
    """A worker, of which only the claims are real."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.clock = FakeClock()
        self.serves: dict[str, Tenure] = {}
        self.offered: list[str] = []
        self.claims = Claims(
            bench.store,
            self.clock,
            SETTINGS,
            MarketMemory(self.clock),
            WorkerIdentity(id=name, life=name, host="h", pid=1, version="1", started_at=self.clock.now()),
            self._serve,
            self._leave,
            self.offered.append,
        )

    async def sweep(self, times: int = 1) -> None:
        for _ in range(times):
            await self.claims.sweep()
            # What it left is gone before it looks again.
            await asyncio.gather(*self.claims.leaving())

    def _serve(self, served: Served, tenure: Tenure) -> None:
        self.serves[served.account.id] = tenure

    async def _leave(self, account_id: str, seconds: float) -> None:
        del self.serves[account_id]


def prepared(bench: Bench, names: Iterable[str] = ACCOUNTS) -> None:
    """Accounts that nobody serves."""
    for name in names:
        bench.account(name)
    bench.write(leases.give_back, owner="me")


def test_a_worker_alone_takes_everything(bench: Bench) -> None:
    prepared(bench)
    one = Someone(bench, "one")
    asyncio.run(one.sweep())
    assert one.serves.keys() == {"acc", *ACCOUNTS}
    assert all(one.claims.holds(account) for account in ACCOUNTS)


def test_two_workers_share_and_what_is_handed_over_had_nothing_under_way(bench: Bench) -> None:
    prepared(bench)
    bench.signal()
    bench.route()

    async def go() -> tuple[Someone, Someone]:
        one, two = Someone(bench, "one"), Someone(bench, "two")
        await one.sweep()
        await two.sweep()
        assert two.serves == {}
        for _ in range(3):
            await one.sweep()
            await two.sweep()
        return one, two

    one, two = asyncio.run(go())
    assert len(one.serves) == len(two.serves) == 2
    assert "acc" in one.serves
    assert sorted(one.offered) == sorted(two.serves)


def test_what_stays_free_is_taken_beyond_the_share(bench: Bench) -> None:
    prepared(bench)

    async def go() -> Someone:
        one, two = Someone(bench, "one"), Someone(bench, "two")
        await two.sweep()
        await asyncio.to_thread(partial(bench.write, leases.give_back, owner="two"))
        await one.sweep()
        assert len(one.serves) == 2
        one.clock.advance(2 * SETTINGS.sweep_s + 1)
        await one.sweep()
        return one

    one = asyncio.run(go())
    assert {*one.serves, *one.offered} == {"acc", *ACCOUNTS}


def test_an_account_that_another_took_is_left_and_not_fought_for(bench: Bench) -> None:
    prepared(bench, ())

    async def go() -> tuple[Someone, bool]:
        one = Someone(bench, "one")
        await one.sweep()
        tenure = one.serves["acc"]
        await asyncio.to_thread(partial(bench.write, leases.give_back, owner="one"))
        await asyncio.to_thread(bench.take_lease, "acc", "two")
        await one.sweep(3)
        return one, tenure.outlasts(0)

    one, goes_on = asyncio.run(go())
    assert one.serves == {}
    assert not goes_on
    assert bench.store.read_now(partial(leases.owner_of, account_id="acc", now=bench.clock.now())) == "two"


@pytest.mark.parametrize("is_removed", [True, False])
def test_a_removed_account_is_no_lost_lease_and_both_are_told_by_name(bench: Bench, is_removed: bool) -> None:
    named = Account(id="0192-id", name="savings", broker="paper", created_at=bench.clock.now())
    row = {"id": named.id, "name": named.name, "document": named, "created_at": named.created_at}
    bench.store.write_now(lambda conn: conn.execute(insert(accounts).values(row)))
    gone = delete(accounts).where(accounts.c.id == named.id)

    async def go() -> list[MutableMapping[str, Any]]:
        one = Someone(bench, "one")
        await one.sweep()
        await asyncio.to_thread(partial(bench.write, leases.give_back, owner="one", account_ids=[named.id]))
        if is_removed:
            await asyncio.to_thread(lambda: bench.store.write_now(lambda conn: conn.execute(gone)))
        else:
            await asyncio.to_thread(bench.take_lease, named.id, "two")
        with structlog.testing.capture_logs() as logs:
            await one.sweep()
        assert named.id not in one.serves
        return logs

    removed = ("info", "The account was removed; its session is closed.", "savings")
    lost = ("warning", "An account's lease was lost; its session is closed.", "savings")
    told = [(one["log_level"], one["event"], one["account"]) for one in asyncio.run(go())]
    assert told == [removed if is_removed else lost]


def test_a_lease_that_ran_out_on_the_stopwatch_is_left_and_taken_in_a_new_epoch(bench: Bench) -> None:
    prepared(bench, ())

    async def go() -> list[int]:
        one = Someone(bench, "one")
        await one.sweep()
        epochs = [one.serves["acc"].lease.epoch]
        one.clock.advance(SETTINGS.lease_s + 1)
        await one.sweep(2)
        return [*epochs, one.serves["acc"].lease.epoch]

    first, second = asyncio.run(go())
    assert second == first + 1


def test_a_worker_that_leaves_is_off_the_roll_and_its_accounts_are_free(bench: Bench) -> None:
    prepared(bench)
    one = Someone(bench, "one")
    asyncio.run(one.sweep())
    told = bench.store.read_now(partial(read_roll, now=one.clock.now(), lease_s=SETTINGS.lease_s))
    assert [(worker.id, len(worker.accounts)) for worker in told] == [("one", 4)]
    assert sorted(one.claims.give_back()) == ["a", "acc", "b", "c"]
    assert bench.store.read_now(partial(read_roll, now=one.clock.now(), lease_s=30.0)) == ()
    other = Someone(bench, "other")
    asyncio.run(other.sweep())
    assert len(other.serves) == 4
