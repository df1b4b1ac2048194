"""Waiting for the commit, within the time the sender waits, and never saying more than is known."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import msgspec

from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.ingress.accept import Accept
from tradewire.ingress.arrival import Arrival, Outcome, Stored
from tradewire.ingress.dedupe import IN_DOUBT
from tradewire.ingress.ring import Ring
from tradewire.store.database import Store, StoreInDoubt


class InDoubt(Exception):
    """The commit was under way when the time ran out, or the database was lost: it may be stored, or not."""


class Commit:
    """Stores one arrival among those of others, and rings for what was accepted."""

    def __init__(
        self, store: Store, clock: Clock, default_window_s: float, on_accepted: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._accept = Accept(clock, default_window_s)
        self._ring = Ring(on_accepted)
        self._doubted: dict[str, float] = {}
        self._late: set[asyncio.Future[Outcome]] = set()

    def expecting(self) -> AbstractContextManager[None]:
        """While it runs, another arrival is being read, and may become part of the same commit."""
        return self._store.expecting()

    async def __call__(self, arrival: Arrival, within_s: float) -> Outcome:
        """What became of it, once that is on the disk.

        Raises `StoreUnavailable` if nothing was stored, `InDoubt` if that is not known after `within_s`
        seconds, and what `Accept` raises.
        """
        if self._was_doubted(arrival.digest):
            arrival = msgspec.structs.replace(arrival, in_doubt=True)
        loop = asyncio.get_running_loop()
        stored = asyncio.ensure_future(self._store.gather(self._accept, arrival))
        # One more future, since whoever waits may go away, which must not undo what is being stored; and not
        # `asyncio.wait`, which takes any number of futures and three times as long.
        over: asyncio.Future[None] = loop.create_future()
        stored.add_done_callback(partial(self._ended, over))
        timer = loop.call_later(within_s, _end, over)
        try:
            await over
        finally:
            timer.cancel()
        if stored.done():
            return self._told(stored, arrival)
        self._late.add(stored)
        if arrival.claim.give_up():
            return Outcome(stored=Stored.GIVEN_UP)
        self._doubt(arrival)
        raise InDoubt

    def _told(self, stored: "asyncio.Future[Outcome]", arrival: Arrival) -> Outcome:
        try:
            return stored.result()
        except StoreInDoubt as error:
            self._doubt(arrival)
            raise InDoubt from error

    def _doubt(self, arrival: Arrival) -> None:
        """For a while, the same content again is taken for its resend."""
        self._doubted[arrival.digest] = self._clock.monotonic() + IN_DOUBT.total_seconds()

    def _ended(self, over: "asyncio.Future[None]", stored: "asyncio.Future[Outcome]") -> None:
        """Whether its sender still waits or was answered already; then the store has logged what failed."""
        _end(over)
        self._late.discard(stored)
        if stored.cancelled() or stored.exception() is not None:
            return
        if stored.result().stored is Stored.ACCEPTED:
            crashpoint("accept.committed")
            self._ring()

    def _was_doubted(self, digest: str) -> bool:
        if not self._doubted:
            return False
        now = self._clock.monotonic()
        self._doubted = {one: until for one, until in self._doubted.items() if now < until}
        return digest in self._doubted


def _end(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)
