"""The Dramatiq side of one process: two actors, an in-process broker, and how a ring becomes a message.

The jobs are short, idempotent and never raise; the explicit, empty middleware list leaves out Dramatiq's
retries, time limits and delays, since what is due is a row and the sweeper rings again. Between processes
rings are carried by `tradewire.engine.outside`, and end here.
"""

from collections.abc import Callable

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker

from tradewire.domain.observer import UNOBSERVED, Observer
from tradewire.engine.bells import ROUTE
from tradewire.store.database import StoreUnavailable

log = structlog.get_logger()

ROUTE_QUEUE = "route"
WORK_QUEUE = "work"
#: How long an idle worker thread sleeps at a time; a message wakes it at once.
IDLE_MS = 100


class Actors:
    """`route` and `work` as Dramatiq actors, consumed by worker threads in this process."""

    def __init__(
        self,
        route: Callable[[], None],
        work: Callable[[str], None],
        threads: int,
        observer: Observer = UNOBSERVED,
    ) -> None:
        broker = StubBroker(middleware=[])
        as_route = dramatiq.actor(broker=broker, actor_name="route", queue_name=ROUTE_QUEUE)
        as_work = dramatiq.actor(broker=broker, actor_name="work", queue_name=WORK_QUEUE)
        self._route = as_route(never_raising("route", route, observer))
        self._work = as_work(never_raising("work", work, observer))
        self._broker = broker
        self._worker = dramatiq.Worker(
            broker,
            queues={ROUTE_QUEUE, WORK_QUEUE},
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


def never_raising(
    name: str, job: Callable[..., None], observer: Observer = UNOBSERVED
) -> Callable[..., None]:
    """The job as an actor; what it raises is logged, and the sweeper rings again."""

    def run(*arguments: str) -> None:
        try:
            job(*arguments)
        except StoreUnavailable as error:
            log.warning("A job waits for the database.", job=name, arguments=arguments, error=str(error))
        except Exception:
            observer.job_failed(name)
            log.exception("A job failed; the sweeper rings again.", job=name, arguments=arguments)

    return run
