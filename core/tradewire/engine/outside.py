"""Ringing between processes: who holds an account is rung at its own queue, everything else at `route`."""

import logging
from collections.abc import Callable

import dramatiq
from dramatiq import Message

from tradewire.domain.clock import Clock
from tradewire.engine.actors import ROUTE_QUEUE, WORK_QUEUE, never_raising
from tradewire.engine.bells import ROUTE
from tradewire.engine.message_broker import Reach, make_broker

#: How long a consumer sleeps while its queue is empty: half of this to all of it.
IDLE_MS = 20
#: How long it is remembered who holds an account.
OWNER_S = 1.0
_THREADS = 2


class Outside:
    """One process' side of the message broker. `send` may take a second, and raises where nobody answers."""

    def __init__(self, url: str, clock: Clock, owner_of: Callable[[str], str | None]) -> None:
        """`owner_of(account_id)` is the worker that holds the account, None if none does; it may block."""
        self.reach = Reach()
        self._broker = make_broker(url, self.reach)
        self._clock = clock
        self._owner_of = owner_of
        self._owners: dict[str, tuple[str | None, float]] = {}
        self._worker: dramatiq.Worker | None = None
        # What they say of a connection that is lost, they say every second.
        for name in ("dramatiq", "pika"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def send(self, door: str) -> None:
        """Send the message for a ring: an account's id, or `ROUTE`."""
        actor, arguments = ("route", ()) if door == ROUTE else ("work", (door,))
        message: Message[None] = Message(
            queue_name=ROUTE_QUEUE if door == ROUTE else self._queue_of(door),
            actor_name=actor,
            args=arguments,
            kwargs={},
            options={},
        )
        began = self.reach.losses
        try:
            self._broker.enqueue(message)
        except Exception as error:
            self.reach.lost(error)
            raise
        self.reach.regained(began)

    def listen(self, worker_id: str, rung: Callable[[str], None]) -> None:
        """Have `rung(door)` called for every ring that is for this worker or for any."""
        own = own_queue(worker_id)
        as_route = dramatiq.actor(broker=self._broker, actor_name="route", queue_name=ROUTE_QUEUE)
        as_work = dramatiq.actor(broker=self._broker, actor_name="work", queue_name=own)
        as_route(never_raising("route", lambda: rung(ROUTE)))
        as_work(never_raising("work", rung))
        self._worker = dramatiq.Worker(
            self._broker, queues={ROUTE_QUEUE, own}, worker_threads=_THREADS, worker_timeout=IDLE_MS
        )
        self._worker.start()

    def stop_listening(self) -> None:
        if self._worker is not None:
            self._worker.stop(timeout=3_000)
            self._worker = None

    def close(self) -> None:
        self.stop_listening()
        self._broker.close()

    def _queue_of(self, account_id: str) -> str:
        now = self._clock.monotonic()
        owner, until = self._owners.get(account_id, (None, 0.0))
        if until <= now:
            owner = self._owner_of(account_id)
            self._owners[account_id] = (owner, now + OWNER_S)
        return ROUTE_QUEUE if owner is None else own_queue(owner)


def own_queue(worker_id: str) -> str:
    return f"{WORK_QUEUE}.{worker_id}"
