"""What waits at the same time is written at once, and fails no more than it must."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from tradewire.brokerage.together import Together
from tradewire.store.database import StoreUnavailable


class Writes:
    """Counts what is written at once; a number below zero cannot be written; nothing can while `away`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.away = False

    async def write(self, unit: Callable[[Any], Any]) -> Any:
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("away")
        return unit(None)

    def double(self, _: Any, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        if min(items) < 0:
            raise ValueError(f"{min(items)} cannot be written")
        return [2 * item for item in items]


def all_of(writes: Writes, *items: int) -> list[Any]:
    async def scenario() -> list[Any]:
        together = Together(writes.write, writes.double)
        calls: list[Coroutine[Any, Any, int]] = [together(item) for item in items]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(scenario())


def test_calls_that_come_before_the_write_begins_share_it_and_each_gets_its_own_result() -> None:
    writes = Writes()
    assert all_of(writes, 1, 2, 3) == [2, 4, 6]
    assert writes.batches == [[1, 2, 3]]


def test_calls_that_come_during_a_write_share_the_next_one() -> None:
    writes = Writes()

    async def scenario() -> None:
        together = Together(writes.write, writes.double)
        first = asyncio.ensure_future(together(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await asyncio.gather(first, together(2), together(3)) == [2, 4, 6]

    asyncio.run(scenario())
    assert writes.batches == [[1], [2, 3]]


def test_one_that_cannot_be_written_fails_alone() -> None:
    writes = Writes()
    first, bad, last = all_of(writes, 1, -2, 3)
    assert (first, last) == (2, 6)
    assert isinstance(bad, ValueError)
    assert writes.batches == [[1, -2, 3], [1], [-2], [3]]


def test_a_write_that_fails_as_such_fails_them_all_and_is_not_tried_for_each() -> None:
    writes = Writes()
    writes.away = True
    assert [type(one) for one in all_of(writes, 1, 2)] == [StoreUnavailable, StoreUnavailable]
    writes.away = False
    assert writes.batches == []


@pytest.mark.parametrize("others", [(), (2, 3)])
def test_a_caller_that_gave_up_takes_nothing_from_the_others(others: tuple[int, ...]) -> None:
    writes = Writes()

    async def scenario() -> list[int]:
        together = Together(writes.write, writes.double)
        gone = asyncio.ensure_future(together(1))
        rest = [asyncio.ensure_future(together(item)) for item in others]
        await asyncio.sleep(0)
        gone.cancel()
        return await asyncio.gather(*rest)

    assert asyncio.run(scenario()) == [2 * item for item in others]
