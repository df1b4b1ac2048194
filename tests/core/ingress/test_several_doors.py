"""Two processes on one PostgreSQL database accept the same message at once, or lose it at the commit."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from core.ingress.rig import Rig
from core.ingress.troubled import Troubled
from tradewire.ingress.door import Door
from tradewire.ingress.refusals import Refusal, record
from tradewire.security.lockout import Lockout
from tradewire.store.database import Item, Result, StoreInDoubt, open_store
from tradewire.store.schema import refusals


@pytest.fixture
def rig(postgres_url: str) -> Iterator[Rig]:
    rig = Rig(postgres_url)
    yield rig
    rig.store.close()


@pytest.fixture
def second(rig: Rig, postgres_url: str) -> Iterator[Door]:
    """As of another process: a store of its own on the same database."""
    store = open_store(postgres_url)
    yield Door(store, rig.plugins, rig.ring, rig.clock, rig.settings, lambda: None, Lockout(rig.clock))
    store.close()


def test_of_the_same_message_at_two_doors_at_once_one_is_accepted(rig: Rig, second: Door) -> None:
    bodies = [rig.message(qty=number) for number in range(1, 11)]

    def knock(door: Door) -> list[str]:
        async def all_at_once() -> list[str]:
            requests = [rig.request(body) for _ in range(3) for body in bodies]
            answers = await asyncio.gather(*(door.receive(request) for request in requests))
            return [answer.kind for answer in answers]

        return asyncio.run(all_at_once())

    with ThreadPoolExecutor(2) as threads:
        kinds = [kind for found in threads.map(knock, (rig.door, second)) for kind in found]
    assert (kinds.count("accepted"), kinds.count("duplicate")) == (10, 50)
    assert sorted(rig.statuses()) == ["accepted"] * 10 + ["duplicate"] * 50


def test_no_more_refusals_are_kept_a_day_however_many_count_them_at_once(rig: Rig) -> None:
    refusal = Refusal(at=rig.clock.now(), source="192.0.2.7", provider="tradingview", last4=None, kind="key")

    def keep(_: int) -> bool:
        return rig.store.write_now(lambda conn: record(conn, refusal, most_per_day=5))

    with ThreadPoolExecutor(6) as threads:
        kept = list(threads.map(keep, range(30)))
    assert kept.count(True) == 5
    assert [row.kind for row in rig.rows_of(refusals)].count("capped") == 1


class LostAtTheCommit(Troubled):
    """Stores what it is given, and loses the connection before it hears so."""

    lost = False

    async def gather(
        self, batch: Callable[[Connection, Sequence[Item]], Sequence[Result]], item: Item
    ) -> Result:
        result = await super().gather(batch, item)
        if self.lost:
            raise StoreInDoubt("The connection was lost just as it was to store something.")
        return result


def test_a_resend_after_a_connection_lost_at_the_commit_is_a_copy_even_without_a_window(
    database_url: str,
) -> None:
    lost = LostAtTheCommit(open_store(database_url))
    rig = Rig(database_url, wrap_store=lambda store: (store.close(), lost)[1])
    rig.add_algorithm("every", "s1", window_s=0)
    lost.lost = True
    doubtful = rig.receive(rig.message())
    lost.lost = False
    resent = rig.receive(rig.message())
    assert (doubtful.status, resent.kind) == (503, "duplicate")
    assert rig.statuses() == ["accepted", "duplicate"]
    lost.close()
