"""PostgreSQL ends, freezes or loses a connection: a sentence, nothing by half, and it goes on by itself."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from core.store.conftest import create_notes, words_in
from servers.postgres import PASSWORD, Postgres
from tradewire.store import postgres_engine, postgres_pool, postgres_standstill
from tradewire.store.database import Store, StoreInDoubt, StoreUnavailable, open_store
from tradewire.store.postgres import PostgresStore

END_AT_COMMIT = """
CREATE FUNCTION ending() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER ending AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.word = 'last words') EXECUTE FUNCTION ending()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that these tests stop, freeze and start again."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def fragile(server: Postgres) -> Iterator[Store]:
    store = open_store(server.create(migrated=False))
    store.write_now(create_notes)
    yield store
    store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "SILENCE_S", 0.3)
    monkeypatch.setattr(postgres_engine, "CONNECT_S", 0.3)


def refused(store: Store, unit) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as caught:
        store.write_now(unit)
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_after_a_restart_the_store_connects_anew_and_nobody_notices(
    server: Postgres, fragile: Store, add
) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fragile.write_now, map(add, "abcdefgh")))
        server.restart()
        list(threads.map(fragile.write_now, map(add, "ijklmnop")))
    assert sorted(words_in(fragile)) == list("abcdefghijklmnop")


def test_while_it_is_down_everybody_is_told_and_afterwards_it_goes_on(
    server: Postgres, fragile: Store, add
) -> None:
    server.stop()
    assert "No PostgreSQL server answers there; start it" in str(refused(fragile, add("a")))

    async def scene() -> list[object]:
        async def batch_of_one() -> object:
            return await fragile.gather(lambda _, items: items, "b")

        return await asyncio.gather(batch_of_one(), fragile.read(lambda _: None), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(scene())] == [StoreUnavailable, StoreUnavailable]
    server.start()
    fragile.write_now(add("c"))
    assert words_in(fragile) == ["c"]


def test_after_kill_9_what_was_acknowledged_is_there(server: Postgres, fragile: Store, add) -> None:
    for word in "abc":
        fragile.write_now(add(word))
    server.kill()
    server.start()
    assert words_in(fragile) == ["a", "b", "c"]


def test_a_connection_lost_in_a_unit_stores_nothing(fragile: Store, add) -> None:
    def cut_off(connection: Connection) -> None:
        add("half")(connection)
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert "nothing was stored" in str(refused(fragile, cut_off))
    fragile.write_now(add("after"))
    assert words_in(fragile) == ["after"]


def test_a_connection_lost_at_the_commit_is_not_said_to_have_stored_nothing(fragile: Store, add) -> None:
    fragile.write_now(lambda c: [c.exec_driver_sql(one).close() for one in END_AT_COMMIT.split(";\n")])
    failure = refused(fragile, add("last words"))
    assert isinstance(failure, StoreInDoubt)
    assert "whether it did is not known" in str(failure)
    assert "nothing was stored" not in str(failure)
    fragile.write_now(add("after"))


def test_everybody_of_a_group_is_in_doubt_together_each_with_an_exception_of_its_own(
    fragile: Store,
) -> None:
    fragile.write_now(lambda c: [c.exec_driver_sql(one).close() for one in END_AT_COMMIT.split(";\n")])

    def batch(connection: Connection, items: Sequence[str]) -> Sequence[str]:
        rows = [{"word": item} for item in items]
        connection.execute(text("INSERT INTO notes (word) VALUES (:word)"), rows).close()
        return items

    async def scene() -> list[object]:
        entered, go_on = threading.Event(), threading.Event()

        def hold(_: Connection, items: Sequence[str]) -> Sequence[str]:
            entered.set()
            go_on.wait()
            return items

        holding = asyncio.ensure_future(fragile.gather(hold, ""))
        await asyncio.to_thread(entered.wait)
        tasks = [asyncio.ensure_future(fragile.gather(batch, word)) for word in ("a", "last words", "c")]
        await asyncio.sleep(0)
        go_on.set()
        await holding
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(scene())
    assert [type(answer) for answer in answers] == [StoreInDoubt] * 3
    assert len(set(map(id, answers))) == 3


@pytest.mark.usefixtures("impatient")
def test_a_frozen_server_is_given_up_and_found_again(server: Postgres, add) -> None:
    store = open_store(server.create(migrated=False))
    store.write_now(create_notes)
    server.freeze()
    try:
        assert "does not answer" in str(refused(store, add("a")))
    finally:
        server.revive()
    store.write_now(add("b"))
    assert words_in(store) == ["b"]
    store.close()


def test_a_unit_that_goes_on_after_a_failed_statement_stores_nothing(postgres_store: Store, add) -> None:
    def hide(connection: Connection) -> str:
        add("twice")(connection)
        with pytest.raises(IntegrityError):
            add("twice")(connection)
        return "all is well"

    assert "nothing was stored" in str(refused(postgres_store, hide))
    assert words_in(postgres_store) == []


def test_a_savepoint_lets_a_unit_go_on(postgres_store: Store, add) -> None:
    def twice(connection: Connection) -> None:
        add("once")(connection)
        with pytest.raises(IntegrityError), connection.begin_nested():
            add("once")(connection)
        add("more")(connection)

    postgres_store.write_now(twice)
    assert words_in(postgres_store) == ["once", "more"]


def test_of_two_units_in_each_others_way_the_one_that_was_undone_runs_until_it_is_stored(
    postgres_store: Store, add
) -> None:
    for word in "ab":
        postgres_store.write_now(add(word))
    both_began = threading.Barrier(2)
    runs: list[str] = []

    def crosswise(first: str, second: str):
        def unit(connection: Connection) -> None:
            runs.append(first)
            lock = text("SELECT word FROM notes WHERE word = :word FOR UPDATE")
            connection.execute(lock, {"word": first}).close()
            if len(runs) <= 2:
                both_began.wait()
            connection.execute(lock, {"word": second}).close()
            add(f"{first}{second}")(connection)

        return unit

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(postgres_store.write_now, [crosswise("a", "b"), crosswise("b", "a")]))
    assert sorted(words_in(postgres_store)) == ["a", "ab", "b", "ba"]
    assert len(runs) > 2


def test_nobody_waits_for_a_lock_for_ever(scratch_url: str, add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres_engine._SETTINGS, "lock_timeout", "50ms")
    store = open_store(scratch_url)
    store.write_now(create_notes)
    entered, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        add("same")(connection)
        entered.set()
        go_on.wait()

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(store.write_now, hold)
        entered.wait()
        assert "keeps the PostgreSQL database locked" in str(refused(store, add("same")))
        go_on.set()
        holding.result()
    assert words_in(store) == ["same"]
    store.close()


def test_a_unit_that_takes_long_holds_up_no_other(postgres_store: Store, add) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add("slow")(connection)
        entered.set()
        go_on.wait()

    async def scene() -> None:
        running = asyncio.create_task(postgres_store.write(slow))
        await asyncio.to_thread(entered.wait)
        await postgres_store.write(add("quick"))
        await asyncio.to_thread(postgres_store.write_now, add("quicker"))
        go_on.set()
        await running

    asyncio.run(scene())
    assert words_in(postgres_store) == ["slow", "quick", "quicker"]


@pytest.fixture
def narrow(scratch_url: str) -> Iterator[Store]:
    """A store with a single connection."""
    store = PostgresStore(scratch_url, after_commit=None, readers=4, monotonic=time.monotonic, connections=1)
    store.write_now(create_notes)
    yield store
    store.close()


def test_while_all_connections_are_in_use_a_unit_waits_its_turn(narrow: Store, add) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(narrow.write_now, map(add, "abcdefghijkl")))
    assert sorted(words_in(narrow)) == list("abcdefghijkl")


def test_a_unit_that_waits_too_long_for_a_connection_is_told(
    narrow: Store, add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_pool, "WAIT_S", 0.01)
    entered, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        go_on.wait()

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(narrow.write_now, hold)
        entered.wait()
        assert "All 1 connections to PostgreSQL were in use" in str(refused(narrow, add("a")))
        go_on.set()
        holding.result()
    assert words_in(narrow) == []


def test_a_unit_that_reads_by_another_unit_is_refused(postgres_store: Store) -> None:
    with pytest.raises(RuntimeError, match="cannot wait for another"):
        postgres_store.read_now(lambda _: words_in(postgres_store))


def test_a_reader_on_an_event_loop_is_served_from_a_thread(postgres_store: Store, add) -> None:
    postgres_store.write_now(add("a"))

    async def scene() -> list[str]:
        return words_in(postgres_store)

    assert asyncio.run(scene()) == ["a"]


@pytest.mark.parametrize("half_way", [False, True])
def test_the_locks_of_a_process_that_stands_still_in_a_transaction_are_taken_from_it(
    server: Postgres, monkeypatch: pytest.MonkeyPatch, add, half_way: bool
) -> None:
    monkeypatch.setitem(postgres_engine._SETTINGS, "lock_timeout", "200ms")
    monkeypatch.setattr(postgres_standstill, "IDLE_IN_TRANSACTION_S", 0.1)
    url = server.create(migrated=False)
    waiting = open_store(url)
    waiting.write_now(create_notes)

    async def frozen() -> None:
        connection = await asyncpg.connect(url, server_settings={"application_name": "tradewire"})
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE notes IN EXCLUSIVE MODE")
        if half_way:
            await connection.prepare("SELECT 1")
        assert await asyncio.to_thread(waiting.write_now, add("word")) == "word"
        connection.terminate()

    asyncio.run(frozen())
    waiting.close()


def test_a_backup_that_is_fetched_slowly_is_not_taken_for_a_process_that_stands_still(
    server: Postgres, monkeypatch: pytest.MonkeyPatch, add
) -> None:
    monkeypatch.setitem(postgres_engine._SETTINGS, "lock_timeout", "200ms")
    monkeypatch.setattr(postgres_standstill, "IDLE_IN_TRANSACTION_S", 0.1)
    url = server.create(migrated=False)
    store = open_store(url)
    store.write_now(create_notes)
    store.write_now(add("before"))
    reading, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> list[str]:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        first = list(connection.scalars(text("SELECT word FROM notes")))
        reading.set()
        go_on.wait()
        return first + list(connection.scalars(text("SELECT word FROM notes")))

    async def frozen() -> None:
        connection = await asyncpg.connect(url, server_settings={"application_name": "tradewire"})
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE notes IN EXCLUSIVE MODE")
        assert await asyncio.to_thread(store.write_now, add("word")) == "word"
        connection.terminate()

    with ThreadPoolExecutor(1) as threads:
        backup = threads.submit(store.read_now, slowly)
        reading.wait()
        try:
            asyncio.run(frozen())
        finally:
            go_on.set()
        assert backup.result() == ["before", "before"]
    store.close()
