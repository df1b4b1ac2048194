"""Threads for what plugins do while a sender waits. One that hangs is left behind, and nobody waits for it.

Not the standard library's pool: that one waits for its threads when the process ends, so that a plugin which
hangs would keep Tradewire from stopping.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_THREADS = 4
_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class DoorThreads:
    """Runs functions off the event loop, in the order in which they came."""

    def __init__(self) -> None:
        self._jobs = _started()

    async def run(self, work: Callable[[], T], until: Callable[[], float]) -> T:
        """What `work` returns or raises. Raises `TimeoutError` where it is not there at `until` by the loop's
        time, which is asked again when that moment has come; the threads that are still at something then
        are left to themselves, and the next ones are fresh."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        jobs = self._jobs
        jobs.put((loop, answer, work))
        while (left := until() - loop.time()) > 0:
            await asyncio.wait((answer,), timeout=left)
            if answer.done():
                return answer.result()
        answer.cancel()
        if self._jobs is jobs:
            self._jobs = _started()
            for _ in range(_THREADS):
                jobs.put(None)
        raise TimeoutError


def _started() -> "SimpleQueue[_Job | None]":
    jobs: SimpleQueue[_Job | None] = SimpleQueue()
    for _ in range(_THREADS):
        threading.Thread(target=_serve, args=(jobs,), name="tradewire-door", daemon=True).start()
    return jobs


def _serve(jobs: "SimpleQueue[_Job | None]") -> None:
    while (job := jobs.get()) is not None:
        loop, answer, work = job
        result: Any = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - handed to whoever waits for the answer
            error = raised
        # Closed, when the process is stopping and nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, answer, result, error)


def _settle(answer: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
