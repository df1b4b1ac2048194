"""An account's equity and cash, as some worker last saw them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tradewire.brokerage.market_memory import NOTHING, MarketMemory
from tradewire.brokerage.worker_report import AccountStanding, WorkerReport, report_of
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.services.last_balances import BalancesView
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
Tell = Callable[[str, WorkerReport], None]
CASH, EQUITY = Decimal("98000.5"), Decimal(100_000)


@pytest.fixture
def tell(store: Store, clock: FakeClock) -> Tell:
    """`tell(worker, report)`: a worker signs the roll with what it knows."""

    def signed(worker: str, report: WorkerReport) -> None:
        me = WorkerIdentity(
            id=worker, life="l", host="here", pid=7, version="0", started_at=clock.now(), url=None
        )
        store.write_now(lambda conn: answer(conn, me, report, {}, clock.now(), 30.0, 5.0))

    return signed


def test_what_a_session_saw_is_shown_with_when_that_was(
    services: Services, run: Run, clock: FakeClock, paper: str, tell: Tell
) -> None:
    memory = MarketMemory(clock)
    memory.saw_balances(paper, CASH, EQUITY)
    seen_at = clock.now()
    clock.advance(3600)
    tell("w1", report_of(memory, [paper]))
    expected = BalancesView(cash="98000.5", equity="100000", at=seen_at)
    assert run(services.accounts.show("paper")).balances == expected


def test_of_two_workers_the_one_that_saw_it_last_is_believed(
    services: Services, run: Run, clock: FakeClock, paper: str, tell: Tell
) -> None:
    for worker, age, equity in (("w1", 5, Decimal(2)), ("w2", 9, Decimal(1))):
        standing = AccountStanding(
            account_id=paper,
            ready=True,
            why_not="",
            capabilities=NOTHING,
            equity=equity,
            balances_at=clock.now() - timedelta(seconds=age),
        )
        tell(worker, WorkerReport(accounts=(standing,)))
    seen = run(services.accounts.show("paper")).balances
    assert (seen.equity, seen.cash) == ("2", None)


@pytest.mark.parametrize("is_connected", [True, False])
def test_what_nobody_was_told_is_not_known(
    services: Services, run: Run, clock: FakeClock, paper: str, tell: Tell, is_connected: bool
) -> None:
    memory = MarketMemory(clock)
    memory.saw_balances("another", CASH, EQUITY)
    if is_connected:
        memory.saw_balances(paper, None, None)
    tell("w1", report_of(memory, [paper, "another"]))
    assert run(services.accounts.show("paper")).balances is None
