"""The router hears of every accepted signal, but in a burst not of each by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tradewire.ingress.ring import AT_ONCE, STRETCH_S, Ring


class StillLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still unless a test moves it."""

    now = 0.0

    def time(self) -> float:
        return self.now


class Bell:
    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


def run(test: Callable[[StillLoop], Coroutine[Any, Any, None]]) -> None:
    loop = StillLoop()
    try:
        loop.run_until_complete(test(loop))
    finally:
        loop.close()


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_the_first_rings_go_out_at_once() -> None:
    async def several(loop: StillLoop) -> None:
        bell = Bell()
        ring = Ring(bell)
        for number in range(1, AT_ONCE + 1):
            ring()
            await turns()
            assert bell.rung == number

    run(several)


def test_all_of_one_commit_ring_once() -> None:
    async def commit(loop: StillLoop) -> None:
        bell = Bell()
        ring = Ring(bell)
        for _ in range(30):
            ring()
        await turns()
        assert bell.rung == 1

    run(commit)


def test_those_of_a_burst_ring_together_and_none_is_lost() -> None:
    async def burst(loop: StillLoop) -> None:
        bell = Bell()
        ring = Ring(bell)
        for _ in range(50):
            ring()
            await turns()
        assert bell.rung == AT_ONCE
        loop.now += STRETCH_S
        await turns()
        assert bell.rung == AT_ONCE + 1

    run(burst)


def test_after_a_burst_the_next_one_rings_at_once() -> None:
    async def after(loop: StillLoop) -> None:
        bell = Bell()
        ring = Ring(bell)
        for _ in range(AT_ONCE):
            ring()
            await turns()
        loop.now += STRETCH_S
        ring()
        await turns()
        assert bell.rung == AT_ONCE + 1

    run(after)
