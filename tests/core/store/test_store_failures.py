"""When the disk fails: nothing is stored, everyone is told in a sentence, and it works again afterwards."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tradewire.store import sqlite_engine
from tradewire.store.database import Store, StoreUnavailable, open_store


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


LARGE = "x" * 100_000


def limit_pages(pages: int):
    return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, so that the operating system itself refuses the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing_commits(patch: pytest.MonkeyPatch, code: int) -> Iterator[None]:
    def fail(self: object, connection: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    with patch.context() as patched:
        patched.setattr(SQLiteDialect_pysqlite, "do_commit", fail)
        yield


def test_a_full_database_refuses_what_does_not_fit_and_recovers(store: Store, add, words) -> None:
    store.write_now(limit_pages(8))
    with pytest.raises(StoreUnavailable, match=r"The disk is full .*nothing was stored"):
        store.write_now(add(LARGE))
    store.write_now(add("small"))
    store.write_now(limit_pages(1_000_000))
    store.write_now(add(LARGE))
    assert words() == ["small", LARGE]


def test_a_refused_write_at_commit_stores_nothing_and_recovers(
    store: Store, add, words, tmp_path: Path
) -> None:
    store.write_now(add("before"))
    limit = (tmp_path / "tradewire.db-wal").stat().st_size + 8_192
    with files_limited_to(limit), pytest.raises(StoreUnavailable, match=r"The disk .*nothing was stored"):
        store.write_now(add(LARGE))
    assert words() == ["before"]
    store.write_now(add(LARGE))
    assert words() == ["before", LARGE]


def test_a_locked_database_refuses_every_caller_and_recovers(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_engine, "BUSY_TIMEOUT_MS", 0)
    store = open_store(url)
    other = sqlite3.connect(tmp_path / "tradewire.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def scene() -> list[object]:
        return await asyncio.gather(
            store.write(lambda _: None), store.gather(lambda _, items: items, 1), return_exceptions=True
        )

    refused = asyncio.run(scene())
    other.execute("ROLLBACK")
    other.close()
    assert [type(answer) for answer in refused] == [StoreUnavailable, StoreUnavailable]
    assert "Another program keeps the database locked" in str(refused[0])
    assert store.write_now(lambda _: "stored") == "stored"
    store.close()


def test_a_failed_commit_undoes_the_whole_group_and_tells_nobody_what_it_saw(
    store: Store, add, words, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> list[object]:
        entered, go_on = threading.Event(), threading.Event()

        def hold(_: Connection) -> None:
            entered.set()
            go_on.wait()

        holding = asyncio.create_task(store.write(hold))
        await asyncio.to_thread(entered.wait)
        tasks = [asyncio.create_task(store.write(add("same"))) for _ in range(2)]
        await asyncio.sleep(0)
        with failing_commits(monkeypatch, sqlite3.SQLITE_IOERR_WRITE):
            go_on.set()
            return await asyncio.gather(holding, *tasks, return_exceptions=True)

    answers = asyncio.run(scene())
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert len({id(answer) for answer in answers}) == 3
    store.write_now(add("same"))
    assert words() == ["same"]


def test_a_transaction_that_sqlite_gave_up_takes_its_whole_group_with_it(store: Store, add, words) -> None:
    def give_up(connection: Connection) -> None:
        add("given up")(connection)
        connection.exec_driver_sql("INSERT OR ROLLBACK INTO notes (word) VALUES ('given up')").close()

    with pytest.raises(StoreUnavailable, match="nothing was stored"):
        store.write_now(give_up)
    store.write_now(add("after"))
    assert words() == ["after"]


def test_a_unit_that_hides_a_lost_transaction_stores_nothing(store: Store, add, words) -> None:
    def hide(connection: Connection) -> str:
        add("hidden")(connection)
        with pytest.raises(Exception, match="UNIQUE"):
            connection.exec_driver_sql("INSERT OR ROLLBACK INTO notes (word) VALUES ('hidden')")
        return "all is well"

    with pytest.raises(StoreUnavailable, match="nothing was stored"):
        store.write_now(hide)
    assert words() == []


def test_a_failed_fsync_ends_the_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[str] = []
    store = open_store(url, on_fatal=ends.append)
    with failing_commits(monkeypatch, sqlite3.SQLITE_IOERR_FSYNC), pytest.raises(StoreUnavailable):
        store.write_now(lambda _: None)
    assert len(ends) == 1
    assert "can no longer be trusted" in ends[0]
    with pytest.raises(StoreUnavailable):
        store.write_now(lambda _: None)
    store.close()


def test_the_log_is_copied_into_the_database_by_the_writer(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewire.store.sqlite_writer.CHECKPOINT_EVERY", 5)
    database = tmp_path / "tradewire.db"
    before = database.stat().st_size
    rows = [{"word": str(number)} for number in range(5_000)]
    store.write_now(lambda c: c.execute(text("INSERT INTO notes (word) VALUES (:word)"), rows).close())
    store.write_now(lambda _: None)
    assert database.stat().st_size > before
