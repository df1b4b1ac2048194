"""Threads for what plugins do while a sender waits. One that hangs is left behind, and nobody waits for it.

Not the standard library's pool: that one waits for its threads when the process ends, so that a plugin which
hangs would keep Tradewire from stopping. And a change of threads costs more than reading a message does, so
what was asked for in one turn of the event loop changes threads together.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

_THREADS = 4
#: How often deadlines are looked at, in seconds; what no thread has begun by then, the next one begins.
_LOOK_EVERY_S = 0.02


class _Job(NamedTuple):
    answer: "asyncio.Future[Any]"
    work: Callable[[], Any]
    until: Callable[[], float]


class _Done(NamedTuple):
    answer: "asyncio.Future[Any]"
    result: Any
    error: BaseException | None


class _Bundle:
    """Jobs that change threads together; several threads may be at it, each takes the next job."""

    def __init__(self, loop: asyncio.AbstractEventLoop, jobs: list[_Job]) -> None:
        self._loop = loop
        self._jobs = jobs
        self._waiting = deque(jobs)
        self._done: deque[_Done] = deque()

    @property
    def has_waiting(self) -> bool:
        """Whether there are jobs that no thread has begun."""
        return bool(self._waiting)

    @property
    def is_awaited(self) -> bool:
        return not all(job.answer.done() for job in self._jobs)

    def give_up(self) -> bool:
        """On the loop: give up those whose deadline has passed; whether there were any."""
        self.settle()
        now = self._loop.time()
        late = [job for job in self._jobs if not job.answer.done() and job.until() <= now]
        for job in late:
            job.answer.set_exception(TimeoutError())
        return bool(late)

    def work(self) -> None:
        """In a thread: what waits, one after the other."""
        while True:
            try:
                job = self._waiting.popleft()
            except IndexError:
                break
            # Nobody waits any more for one that was overdue before it began.
            if not job.answer.done():
                self._done.append(_tried(job))
        # Closed, when the process is stopping and nobody waits any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.settle)

    def settle(self) -> None:
        """On the loop: tell whoever waits for what is done."""
        while self._done:
            answer, result, error = self._done.popleft()
            if answer.done():
                continue
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)


_Queue: TypeAlias = "SimpleQueue[_Bundle | None]"


class DoorThreads:
    """Runs functions off the event loop, in the order in which they came."""

    def __init__(self) -> None:
        self._queue = _started()
        self._jobs: list[_Job] = []

    async def run(self, work: Callable[[], T], until: Callable[[], float]) -> T:
        """What `work` returns or raises. Raises `TimeoutError` where it is not there at `until` by the loop's
        time, which is asked again when that moment has come; the threads that are still at something then
        are left to themselves, and the next ones are fresh."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        if not self._jobs:
            loop.call_soon(self._send, loop)
        self._jobs.append(_Job(answer, work, until))
        return await answer

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        bundle, self._jobs = _Bundle(loop, self._jobs), []
        self._queue.put(bundle)
        loop.call_later(_LOOK_EVERY_S, self._look_after, loop, bundle, self._queue)

    def _look_after(self, loop: asyncio.AbstractEventLoop, bundle: _Bundle, queue: _Queue) -> None:
        """So that one which takes long holds up none of those that came with it."""
        if bundle.give_up():
            self._leave_behind(queue)
        if bundle.has_waiting:
            queue = self._queue
            queue.put(bundle)
        if bundle.is_awaited:
            loop.call_later(_LOOK_EVERY_S, self._look_after, loop, bundle, queue)

    def _leave_behind(self, queue: _Queue) -> None:
        if self._queue is queue:
            self._queue = _started()
            for _ in range(_THREADS):
                queue.put(None)


def _started() -> _Queue:
    queue: _Queue = SimpleQueue()
    for _ in range(_THREADS):
        threading.Thread(target=_serve, args=(queue,), name="tradewire-door", daemon=True).start()
    return queue


def _serve(queue: _Queue) -> None:
    while (bundle := queue.get()) is not None:
        bundle.work()


def _tried(job: _Job) -> _Done:
    try:
        return _Done(job.answer, job.work(), None)
    except BaseException as raised:  # noqa: BLE001 - handed to whoever waits for the answer
        return _Done(job.answer, None, raised)
