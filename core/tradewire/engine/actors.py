"""The Dramatiq side: two actors, one in-process broker, and how a ring becomes a message.

The jobs are short, idempotent and never raise; the explicit, empty middleware list leaves out Dramatiq's
retries, time limits and delays, since what is due is a row and the sweeper rings again.
"""

from collections.abc import Callable

import dramatiq
import structlog
from dramatiq import Broker
from dramatiq.brokers.stub import StubBroker

from tradewire.contract.errors import Unhonoured
from tradewire.engine.bells import ROUTE

log = structlog.get_logger()

ROUTE_QUEUE = "route"
#: How long an idle worker thread sleeps at a time; a message wakes it at once.
IDLE_MS = 100


class Actors:
    """`route` and `work` as Dramatiq actors, consumed by a worker in this process."""

    def __init__(
        self,
        broker: Broker,
        worker_id: str,
        route: Callable[[], None],
        work: Callable[[str], None],
        threads: int,
    ) -> None:
        """`work` messages go to the queue of `worker_id`, the process that holds the accounts' leases."""
        work_queue = f"work.{worker_id}"
        as_route = dramatiq.actor(broker=broker, actor_name="route", queue_name=ROUTE_QUEUE)
        as_work = dramatiq.actor(broker=broker, actor_name="work", queue_name=work_queue)
        self._route = as_route(_never_raising("route", route))
        self._work = as_work(_never_raising("work", work))
        self._broker = broker
        self._worker = dramatiq.Worker(
            broker,
            queues={ROUTE_QUEUE, work_queue},
            worker_threads=threads,
            worker_timeout=IDLE_MS,
        )

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop(timeout=10_000)
        self._broker.close()

    def send(self, door: str) -> None:
        """Send the message for a ring: an account's id, or `ROUTE`."""
        if door == ROUTE:
            self._route.send()
        else:
            self._work.send(door)


def make_broker(url: str | None) -> Broker:
    """The message broker at `url`; in this process where there is none. Raises `Unhonoured`."""
    if url is None:
        return StubBroker(middleware=[])
    raise Unhonoured(
        "dramatiq_url names a message broker, which comes with `tradewire serve` and `tradewire worker`; "
        "leave it out to run everything in one process."
    )


def _never_raising(name: str, job: Callable[..., None]) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        try:
            job(*arguments)
        except Exception:
            log.exception("A job failed; the sweeper rings again.", job=name, arguments=arguments)

    return run
