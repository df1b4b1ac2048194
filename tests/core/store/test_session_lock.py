"""A name that one living process bears: refused to others, free when it ends, kept across a restart."""

import asyncio
import threading
from collections.abc import Iterator

import asyncpg
import pytest

from servers.postgres import Postgres
from tradewire.store.database import StoreUnavailable
from tradewire.store.session_lock import NameTaken, SessionLock


@pytest.fixture
def own() -> Iterator[Postgres]:
    """One of the test's own, since others would miss it."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_a_name_is_borne_by_one_and_free_when_it_ends(postgres_url: str) -> None:
    first, second = SessionLock(postgres_url, "worker w1"), SessionLock(postgres_url, "worker w1")
    first.take()
    with pytest.raises(NameTaken):
        second.take()
    third = SessionLock(postgres_url, "worker w2")
    third.take()
    third.release()
    first.release()
    second.take()
    second.release()


def test_after_a_restart_of_the_server_the_name_is_taken_again(own: Postgres) -> None:
    lock, another = SessionLock(own.url(), "worker w1"), SessionLock(own.url(), "worker w1")
    lock.take()
    own.restart()
    lock.keep(0.01, lambda taken: None)
    # Who tried for the name meanwhile might be the quicker one.
    pause = threading.Event()
    while not asyncio.run(locks_held(own.url())):
        pause.wait(0.02)
    with pytest.raises(NameTaken):
        another.take()
    lock.release()


async def locks_held(url: str) -> int:
    """How many names are borne, as the server tells it."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
    finally:
        await connection.close()


def test_who_was_slower_after_a_restart_is_told(own: Postgres) -> None:
    slower, quicker = SessionLock(own.url(), "worker w1"), SessionLock(own.url(), "worker w1")
    slower.take()
    own.restart()
    quicker.take()
    told = threading.Event()
    slower.keep(0.01, lambda taken: told.set())
    assert told.wait(60)
    slower.release()
    quicker.release()


def test_a_server_that_is_away_is_an_outage_and_no_refusal(own: Postgres) -> None:
    url = own.url()
    own.stop()
    with pytest.raises(StoreUnavailable):
        SessionLock(url, "worker w1").take()
