"""Items are handed over together, ahead of units, in the order they came."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence

import pytest
from sqlalchemy import Connection, text

from core.store.conftest import words_in
from tradewire.store import loop_turns
from tradewire.store.database import Store
from tradewire.store.waiting import Line, WaitingItem


def insert_all(connection: Connection, items: Sequence[str]) -> list[str]:
    connection.execute(text("INSERT INTO notes (word) VALUES (:word)"), [{"word": item} for item in items])
    return [item.upper() for item in items]


def while_the_writer_is_busy(store: Store, *calls: Callable[[], "asyncio.Future[object]"]) -> list[object]:
    """Let all calls queue up behind an item that holds the writer, then see what becomes of them."""

    async def scene() -> list[object]:
        entered, go_on = threading.Event(), threading.Event()

        def hold(_: Connection, items: Sequence[str]) -> Sequence[str]:
            entered.set()
            go_on.wait()
            return items

        holding = asyncio.ensure_future(store.gather(hold, ""))
        await asyncio.to_thread(entered.wait)
        tasks = []
        for call in calls:
            tasks.append(asyncio.ensure_future(call()))
            await asyncio.sleep(0)
        go_on.set()
        await holding
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(scene())


def test_items_that_wait_are_one_batch_with_an_answer_each(store: Store, words) -> None:
    handed_over: list[list[str]] = []

    def batch(connection: Connection, items: Sequence[str]) -> list[str]:
        handed_over.append(list(items))
        return insert_all(connection, items)

    answers = while_the_writer_is_busy(
        store,
        lambda: store.gather(batch, "a"),
        lambda: store.gather(batch, "b"),
        lambda: store.gather(batch, "c"),
    )
    assert (answers, handed_over, words()) == (["A", "B", "C"], [["a", "b", "c"]], ["a", "b", "c"])


def test_items_go_before_units_that_came_earlier(sqlite_store: Store, add) -> None:
    store = sqlite_store
    while_the_writer_is_busy(
        store,
        lambda: store.write(add("unit 1")),
        lambda: store.gather(insert_all, "item 1"),
        lambda: store.write(add("unit 2")),
        lambda: store.gather(insert_all, "item 2"),
    )
    assert words_in(store) == ["item 1", "item 2", "unit 1", "unit 2"]


def test_batches_go_in_the_order_of_their_first_item(store: Store, words) -> None:
    def other(connection: Connection, items: Sequence[str]) -> list[str]:
        return insert_all(connection, items)

    while_the_writer_is_busy(
        store,
        lambda: store.gather(other, "other 1"),
        lambda: store.gather(insert_all, "first 1"),
        lambda: store.gather(other, "other 2"),
    )
    assert words() == ["other 1", "other 2", "first 1"]


def test_a_bad_item_fails_alone(store: Store, words) -> None:
    def batch(connection: Connection, items: Sequence[str]) -> list[str]:
        insert_all(connection, items)
        if "bad" in items:
            raise ValueError("bad item")
        return list(items)

    answers = while_the_writer_is_busy(
        store, *(lambda item=item: store.gather(batch, item) for item in ("a", "bad", "c"))
    )
    assert (answers[0], str(answers[1]), answers[2]) == ("a", "bad item", "c")
    assert words() == ["a", "c"]


def test_a_batch_that_forgets_an_item_answers_nobody(store: Store, words) -> None:
    def forgetful(connection: Connection, items: Sequence[str]) -> list[str]:
        return insert_all(connection, items)[1:]

    async def gathered() -> str:
        return await store.gather(forgetful, "a")

    with pytest.raises(RuntimeError, match="answered 0 of 1 items"):
        asyncio.run(gathered())
    assert words() == []


def test_an_item_too_many_is_refused_rather_than_kept_in_memory() -> None:
    line = Line(most_items=1)
    loop = asyncio.new_event_loop()
    one, other = (WaitingItem(item, loop.create_future()) for item in "ab")
    refused, why = line.add_items([(insert_all, one), (insert_all, other)])
    assert refused == [other]
    assert why == "The database is 1 messages behind; nothing was stored, send it again."
    loop.close()


def test_no_more_than_asked_for_is_taken_and_the_rest_keeps_its_place() -> None:
    line = Line(most_items=10)
    loop = asyncio.new_event_loop()
    line.add_items([(insert_all, WaitingItem(item, loop.create_future())) for item in "abc"])
    taken = [[waiting.item for _, items in line.take(2).batches for waiting in items] for _ in range(2)]
    line.close()
    assert (taken, line.take(2)) == ([["a", "b"], ["c"]], None)
    loop.close()


Gather = Callable[[str], "asyncio.Future[str]"]


def batches_of(store: Store, scene: Callable[[Gather], Coroutine[None, None, None]]) -> list[list[str]]:
    """In which batches the items went that `scene` gives."""
    handed_over: list[list[str]] = []

    def batch(connection: Connection, items: Sequence[str]) -> list[str]:
        handed_over.append(list(items))
        return insert_all(connection, items)

    asyncio.run(scene(lambda item: asyncio.ensure_future(store.gather(batch, item))))
    return handed_over


def test_an_item_waits_for_one_that_was_announced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_turns, "HOLD_S", 60.0)

    async def scene(gather: Gather) -> None:
        with store.expecting():
            first = gather("a")
            for _ in range(5):
                await asyncio.sleep(0)
        assert await asyncio.gather(first, gather("b")) == ["A", "B"]

    assert batches_of(store, scene) == [["a", "b"]]


def test_it_does_not_wait_for_one_that_does_not_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_turns, "HOLD_S", 0.01)

    async def scene(gather: Gather) -> None:
        with store.expecting():
            assert await gather("a") == "A"
        assert await gather("b") == "B"

    assert batches_of(store, scene) == [["a"], ["b"]]


def test_one_that_comes_to_nothing_is_no_longer_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_turns, "HOLD_S", 60.0)

    async def scene(gather: Gather) -> None:
        with store.expecting():
            first = gather("a")
        assert await first == "A"

    assert batches_of(store, scene) == [["a"]]
