"""Hands the outcome of a write back to whoever waits for it, on an event loop or in a thread."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future as ThreadFuture
from typing import Any, NamedTuple

AnyFuture = asyncio.Future[Any] | ThreadFuture[Any]


class Outcome(NamedTuple):
    """What a unit returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None


def settle(replies: Iterable[tuple[AnyFuture, Outcome]]) -> None:
    """Resolve futures from any thread, waking each event loop once. Skips what a caller gave up."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[AnyFuture, Outcome]]] = {}
    for future, outcome in replies:
        if isinstance(future, asyncio.Future):
            by_loop.setdefault(future.get_loop(), []).append((future, outcome))
        else:
            _resolve([(future, outcome)])
    for loop, waiting in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, waiting)
        except RuntimeError:
            # The loop was closed: nobody is left to be told.
            continue


def _resolve(replies: Iterable[tuple[AnyFuture, Outcome]]) -> None:
    for future, outcome in replies:
        if future.done():
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)
