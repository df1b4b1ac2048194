"""An account changes or goes just when a worker takes it: nobody serves what it was before."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tradewire.brokerage import leases as leasing
from tradewire.brokerage.leases import Lease
from tradewire.engine import claims
from tradewire.services.account_changes import AccountChange
from tradewire.services.services import Services
from tradewire.store.database import Store, open_store
from tradewire.store.schema import leases
from tradewire.testing.clock import FakeClock

_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """PostgreSQL alone: on SQLite whoever writes is alone."""
    opened = open_store(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Taking:
    """A worker that takes an account, and in the middle of it somebody else does `meanwhile`."""

    def __init__(self, store: Store, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        self._store, self._threads = store, threads
        self._take = leasing.take
        self._meanwhile: Callable[[], object] | None = None
        self.done: Future[object] | None = None
        monkeypatch.setattr(leasing, "take", self._slowly)

    def take(self, account_id: str, now: Any, meanwhile: Callable[[], object] | None = None) -> Any:
        self._meanwhile = meanwhile
        unit = partial(claims._taken, account_id=account_id, owner="worker", now=now, lease_s=30)
        taken = self._store.write_now(unit)
        if self.done is not None:
            self.done.result()
        return taken

    def _slowly(self, conn: Connection, *where: Any, **how: Any) -> Lease | None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            self.done = self._threads.submit(meanwhile)
            while not self.done.done() and not conn.execute(_WAITING).scalar():
                time.sleep(0)
        return self._take(conn, *where, **how)

    def take_and_give_back(self, account_id: str, now: Any) -> None:
        self.take(account_id, now)
        self._store.write_now(lambda conn: leasing.give_back(conn, "worker"))


@pytest.fixture
def taking(store: Store, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> Taking:
    return Taking(store, threads, monkeypatch)


@pytest.mark.parametrize("was_served", [False, True])
def test_nobody_serves_an_account_with_the_fields_from_before_a_change(
    services: Services, store: Store, taking: Taking, paper: str, clock: FakeClock, was_served: bool
) -> None:
    if was_served:
        taking.take_and_give_back(paper, clock.now())
    change = AccountChange(config={"seed": "7"})
    served, lease = taking.take(
        paper, clock.now(), lambda: asyncio.run(services.accounts.change("paper", change, "me"))
    )
    assert served.account.config == {}
    assert not store.write_now(lambda conn: leasing.is_held(conn, paper, lease))
    served, lease = taking.take(paper, clock.now())
    assert served.account.config == {"seed": "7"}


@pytest.mark.parametrize("was_served", [False, True])
def test_nobody_serves_an_account_that_is_removed(
    services: Services, store: Store, taking: Taking, paper: str, clock: FakeClock, was_served: bool
) -> None:
    if was_served:
        taking.take_and_give_back(paper, clock.now())
    taking.take(paper, clock.now(), lambda: asyncio.run(services.accounts.remove("paper", "me")))
    assert store.read_now(lambda conn: conn.execute(leases.select()).all()) == []
    assert taking.take(paper, clock.now()) is None
