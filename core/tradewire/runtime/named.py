"""A name on a shared database that no other living process has, while a block runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from tradewire.contract.errors import Unhonoured
from tradewire.store.session_lock import NameTaken, SessionLock

log = structlog.get_logger()


class Name:
    """`lost` is why the block had to end, if another process took the name meanwhile."""

    def __init__(self) -> None:
        self.lost: Unhonoured | None = None


@asynccontextmanager
async def named(
    url: str, name: str, taken: str, every_s: float, stopping: asyncio.Event
) -> AsyncIterator[Name]:
    """Bear `name`, and look every few seconds whether that is still so; where it is not, set `stopping`.

    Raises `Unhonoured` with the sentence `taken` where another living process has it.
    """
    bearer, lock = Name(), SessionLock(url, name)
    loop = asyncio.get_running_loop()

    def on_lost(_: NameTaken) -> None:
        bearer.lost = Unhonoured(taken)
        log.error("This process stops: another took its name while the database could not be reached.")
        loop.call_soon_threadsafe(stopping.set)

    try:
        await asyncio.to_thread(lock.take)
    except NameTaken:
        raise Unhonoured(taken) from None
    lock.keep(every_s, on_lost)
    try:
        yield bearer
    finally:
        await asyncio.to_thread(lock.release)
