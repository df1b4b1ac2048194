"""Units of work: whole or not at all, in order, each with its own answer."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.store.conftest import create_notes, words_in
from tradewire.contract.errors import Unhonoured
from tradewire.store.database import Store, StoreUnavailable, open_store

#: What one unit does: inserts these words in turn, then raises or not.
Plan = tuple[list[str], bool]
plans = st.lists(st.tuples(st.lists(st.sampled_from("abcdefghij"), max_size=4), st.booleans()), max_size=25)


class Failed(Exception):
    """Raised by a unit on purpose."""


def unit_of(plan: Plan) -> Callable[[Connection], int]:
    def unit(connection: Connection) -> int:
        for word in plan[0]:
            connection.execute(text("INSERT INTO notes (word) VALUES (:word)"), {"word": word})
        if plan[1]:
            raise Failed
        return len(plan[0])

    return unit


def expected(plans: list[Plan]) -> tuple[list[str], list[object]]:
    """The reference model: a list without repetitions, changed by whole plans."""
    stored: list[str] = []
    answers: list[object] = []
    for words, raises in plans:
        after = stored + words
        if len(set(after)) < len(after):
            answers.append(IntegrityError)
        elif raises:
            answers.append(Failed)
        else:
            stored = after
            answers.append(len(words))
    return stored, answers


many = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def after_these(store: Store, scene: Callable[[], Coroutine[Any, Any, list[object]]]) -> object:
    """What is stored in the end, and what was answered."""
    answers = asyncio.run(scene())
    given_back = [type(answer) if isinstance(answer, Exception) else answer for answer in answers]
    return words_in(store), given_back


@settings(deadline=None, max_examples=60)
@given(plans)
def test_any_units_that_succeed_and_raise_leave_what_the_model_says(plans: list[Plan]) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/tradewire.db")
        store.write_now(create_notes)

        async def scene() -> list[object]:
            return await asyncio.gather(
                *(store.write(unit_of(plan)) for plan in plans), return_exceptions=True
            )

        assert after_these(store, scene) == expected(plans)
        store.close()


@settings(many, max_examples=20)
@given(plans)
def test_the_same_holds_on_postgresql_one_after_the_other(postgres_store: Store, plans: list[Plan]) -> None:
    async def scene() -> list[object]:
        return [
            (await asyncio.gather(postgres_store.write(unit_of(plan)), return_exceptions=True))[0]
            for plan in plans
        ]

    postgres_store.write_now(lambda c: c.execute(text("TRUNCATE notes")).close())
    assert after_these(postgres_store, scene) == expected(plans)


def test_a_units_exception_reaches_its_caller_alone(store: Store, add, words) -> None:
    async def scene() -> list[object]:
        units = [add("a"), unit_of((["b"], True)), add("c")]
        return await asyncio.gather(*(store.write(unit) for unit in units), return_exceptions=True)

    answers = asyncio.run(scene())
    assert (answers[0], type(answers[1]), answers[2]) == ("a", Failed, "c")
    assert sorted(words()) == ["a", "c"]


def test_a_cancelled_caller_does_not_disturb_the_writer(url: str, store: Store, add) -> None:
    async def scene() -> str:
        entered, go_on = threading.Event(), threading.Event()

        def slow(connection: Connection) -> None:
            entered.set()
            go_on.wait()
            add("slow")(connection)

        running = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(entered.wait)
        waiting = asyncio.create_task(store.write(add("waiting")))
        await asyncio.sleep(0)
        running.cancel()
        waiting.cancel()
        go_on.set()
        return await store.write(add("after"))

    assert asyncio.run(scene()) == "after"
    store.close()
    reopened = open_store(url)
    assert sorted(words_in(reopened)) == ["after", "slow", "waiting"]
    reopened.close()


def test_a_caller_whose_event_loop_is_gone_does_not_disturb_the_writer(url: str, store: Store, add) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        entered.set()
        go_on.wait()
        add("slow")(connection)

    async def abandon() -> None:
        task = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(entered.wait)
        task.cancel()

    asyncio.run(abandon())
    go_on.set()
    store.write_now(add("after"))
    store.close()
    reopened = open_store(url)
    assert sorted(words_in(reopened)) == ["after", "slow"]
    reopened.close()


def test_worker_threads_write_side_by_side(store: Store, add, words) -> None:
    numbers = [str(number) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda number: store.write_now(add(number)), numbers)) == numbers
    assert sorted(words()) == sorted(numbers)


def test_blocking_an_event_loop_is_refused(store: Store, add) -> None:
    async def scene() -> None:
        store.write_now(add("a"))

    with pytest.raises(RuntimeError, match="await write instead"):
        asyncio.run(scene())


def test_a_unit_that_waits_for_another_is_refused(store: Store, add) -> None:
    with pytest.raises(RuntimeError, match="cannot wait for another"):
        store.write_now(lambda _: store.write_now(add("a")))


def test_a_reader_sees_one_snapshot_and_what_was_committed(store: Store, add) -> None:
    count = text("SELECT count(*) FROM notes")

    def look_twice(connection: Connection) -> tuple[int, int]:
        before = connection.scalar(count)
        with ThreadPoolExecutor(1) as another:
            another.submit(store.write_now, add("meanwhile")).result()
        return before, connection.scalar(count)

    assert store.read_now(look_twice) == (0, 0)
    assert asyncio.run(store.read(lambda connection: connection.scalar(count))) == 1


def test_a_reader_cannot_write(store: Store, add, words) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        store.read_now(add("a"))
    assert words() == []


def test_a_foreign_key_is_held(store: Store) -> None:
    store.write_now(lambda c: c.exec_driver_sql("CREATE TABLE pages (id INTEGER PRIMARY KEY)").close())
    store.write_now(
        lambda c: c.exec_driver_sql("CREATE TABLE lines (page INTEGER REFERENCES pages(id))").close()
    )
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        store.write_now(lambda c: c.exec_driver_sql("INSERT INTO lines VALUES (1)").close())


def test_what_waits_is_finished_before_closing(url: str, store: Store, add) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        entered.set()
        go_on.wait()

    async def leave_waiting() -> None:
        waiting = asyncio.create_task(store.write(add("waiting")))
        await asyncio.sleep(0)
        waiting.cancel()

    with ThreadPoolExecutor(2) as threads:
        threads.submit(store.write_now, slow)
        entered.wait()
        asyncio.run(leave_waiting())
        closing = threads.submit(store.close)
        go_on.set()
        closing.result()
    reopened = open_store(url)
    assert words_in(reopened) == ["waiting"]
    reopened.close()


def test_a_closed_store_says_so(store: Store, add) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed because Tradewire is stopping"):
        store.write_now(add("a"))
    with pytest.raises(StoreUnavailable, match="closed because Tradewire is stopping"):
        store.read_now(lambda _: None)


def test_the_observer_hears_of_every_commit(url: str) -> None:
    heard: list[tuple[int, float]] = []
    store = open_store(
        url, after_commit=lambda units, seconds: heard.append((units, seconds)), monotonic=lambda: 7.0
    )
    store.write_now(lambda _: None)
    store.close()
    assert heard == [(1, 0.0)]


def test_an_observer_that_raises_disturbs_nobody(url: str, caplog: pytest.LogCaptureFixture) -> None:
    def observe(units: int, seconds: float) -> None:
        raise Failed

    store = open_store(url, after_commit=observe)
    assert [store.write_now(lambda _, number=number: number) for number in range(2)] == [0, 1]
    store.close()
    assert "The observer of commits raised" in caplog.text


def test_a_long_transaction_is_cut_short_and_the_rest_keeps_its_order(
    sqlite_url: str, add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewire.store.sqlite_writer.MOST_PER_COMMIT", 3)
    ticks, heard = count(), []
    store = open_store(
        sqlite_url, after_commit=lambda units, _: heard.append(units), monotonic=lambda: float(next(ticks))
    )
    store.write_now(create_notes)
    asked = [str(number) for number in range(8)]

    async def scene() -> None:
        await asyncio.gather(*(store.write(add(word)) for word in asked))

    asyncio.run(scene())
    assert words_in(store) == asked
    store.close()
    assert heard == [1] * 9


def test_the_file_is_for_its_owner_alone(sqlite_store: Store, tmp_path: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:hunter2@host", "names no database"),
        ("postgresql://me:hunter2@host/db?sslmode=maybe", "a parameter after the question mark"),
        ("postgresql://me:pass@hunter2@host/db", "more than one"),
        ("postgresql://me:pass@word/hunter2@host/db", "more than one"),
        ("postgresql://me:hunter2@host:port/db", "cannot be read"),
        ("mysql://me:hunter2@host/db", 'not in "mysql"'),
        ("sqlite://", "must name a file"),
        ("hunter2", "cannot be read"),
    ],
)
def test_a_database_of_another_kind_is_refused_without_repeating_its_password(url: str, said: str) -> None:
    with pytest.raises(Unhonoured, match=said) as refused:
        open_store(url)
    assert "hunter2" not in str(refused.value)


def test_a_database_that_cannot_be_opened_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"missing/x\.db cannot be opened: No such file or directory"):
        open_store(f"sqlite:///{tmp_path}/missing/x.db")
