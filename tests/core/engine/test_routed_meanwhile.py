"""An algorithm is changed, moved or removed while a signal is routed to it: nothing is left to nobody."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, text

from core.engine.bench import Bench
from tradewire.domain.algorithm import AlgorithmState
from tradewire.engine.bells import Bells
from tradewire.engine.router import Router
from tradewire.engine.routing import route
from tradewire.ledger.append import append
from tradewire.services.refusal import Refused
from tradewire.services.still_there import refuse_live_orders
from tradewire.store.schema import accounts, algorithms, signals

_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """What happens once between the router's look and its write."""

    def arrange(happens: Callable[[], object]) -> None:
        left = [happens]

        def looked(*arguments: Any) -> Any:
            if left:
                left.pop()()
            return route(*arguments)

        monkeypatch.setattr("tradewire.engine.router.route", looked)

    return arrange


def test_an_algorithm_that_moved_trades_on_the_account_that_it_names_now(
    bench: Bench, meanwhile: Callable[..., None]
) -> None:
    bench.account("other")
    signal = bench.signal()
    meanwhile(lambda: bench.change_algorithm("alg", account_id="other", version=2))
    bench.route()
    assert bench.parent(signal).account_id == "other"


def test_a_signal_whose_algorithm_and_account_go_meanwhile_ends_in_words(
    bench: Bench, meanwhile: Callable[..., None]
) -> None:
    bench.signal()

    def gone(conn: Connection) -> None:
        conn.execute(delete(algorithms))
        conn.execute(delete(accounts))

    meanwhile(lambda: bench.store.write_now(gone))
    bench.route()
    [signal] = bench.rows(signals)
    assert bench.parents() == []
    assert (signal.outcome, signal.reason.split(".")[0]) == (
        "no_match",
        "Received but no algorithm matched",
    )


def test_one_that_is_stopped_meanwhile_gets_no_order(bench: Bench, meanwhile: Callable[..., None]) -> None:
    bench.signal()
    meanwhile(lambda: bench.change_algorithm("alg", state=AlgorithmState.STOPPED, version=2))
    bench.route()
    assert bench.parents() == []


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class TestSeveralProcesses:
    """On PostgreSQL a person changes an algorithm while another process routes to it."""

    @pytest.fixture
    def database_url(self, postgres_url: str) -> str:
        return postgres_url

    def test_who_changes_it_sees_the_order_that_is_being_stored(
        self, bench: Bench, thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        query = select(algorithms.c.document)
        algorithm = bench.store.read_now(lambda conn: conn.execute(query).scalar_one())
        asked: list[Future[None]] = []

        def slowly(conn: Connection, *entries: Any) -> None:
            append(conn, *entries)
            asked.append(
                thread.submit(bench.store.write_now, partial(refuse_live_orders, algorithm=algorithm))
            )
            while not asked[0].done() and not conn.execute(_WAITING).scalar():
                time.sleep(0)

        monkeypatch.setattr("tradewire.engine.storing.append", slowly)
        bench.signal()
        Router(bench.store, bench.plugins, bench.clock, Bells(), lambda parents: None, shared=True).route()
        with pytest.raises(Refused, match="are live"):
            asked[0].result()
