"""Redis (or Valkey) and RabbitMQ as Dramatiq's broker, bounded in what they keep and in how long they take.

Rings are worth nothing later, so a queue that nobody empties takes no more of them. `redis` and `pika` are
imported only where a broker of theirs is used.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import structlog
from dramatiq import Broker, Consumer, Message, MessageProxy
from dramatiq.errors import ConnectionClosed

from tradewire.contract.errors import Unhonoured

if TYPE_CHECKING:
    from redis import Redis

#: Rings that may wait in a queue; one would do, since each makes its reader look at everything.
MOST_WAITING = 64
#: Seconds until a broker that does not answer is given up, and tried again.
ANSWER_S = 1.0
#: Seconds between signs of life on an idle connection; after two missing ones it is given up.
HEARTBEAT_S = 15
#: Seconds after which RabbitMQ forgets a ring, and a queue that nobody reads.
RING_S = 60
QUEUE_S = 24 * 3600

NAMESPACE = "tradewire"
_REDIS = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
_RABBITMQ = ("amqp", "amqps")


log = structlog.get_logger()


class Reach:
    """Whether the message broker can be reached, logged when it changes and not with every ring."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lost_for: str | None = None
        #: How often it was lost; what began before the last time does not show that it is back.
        self.losses = 0

    def lost(self, error: BaseException) -> None:
        with self._lock:
            self.losses += 1
            first, self.lost_for = self.lost_for is None, f"{type(error).__name__}: {error}"
        if first:
            log.warning(
                "The message broker does not answer; until it does, the workers' sweeps find what is due.",
                error=self.lost_for,
            )

    def regained(self, began: int) -> None:
        """Something worked that began after so many losses."""
        if self.lost_for is None:
            return
        with self._lock:
            if began != self.losses:
                return
            was, self.lost_for = self.lost_for, None
        if was is not None:
            log.info("The message broker answers again.")


def make_broker(url: str, reach: Reach) -> Broker:
    """The message broker at `url`; it is connected to when it is used. Raises `Unhonoured`."""
    scheme = urlsplit(url).scheme
    try:
        if scheme in _REDIS:
            return _redis_broker(_REDIS[scheme] + url.removeprefix(scheme), reach)
        if scheme in _RABBITMQ:
            return _rabbitmq_broker(url, reach)
    except ValueError:
        # Its text may repeat the URL, and so the password.
        pass
    raise Unhonoured(
        "dramatiq_url cannot be used; it looks like redis://:password@host:6379/0 (Redis or Valkey) or "
        "amqp://user:password@host:5672/vhost (RabbitMQ)."
    )


def _redis_broker(url: str, reach: Reach) -> Broker:
    from dramatiq.brokers.redis import RedisBroker
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    class Bounded(RedisBroker):
        """Declares no queues for delayed messages, of which there are none."""

        client: "Redis"

        def declare_queue(self, queue_name: str) -> None:
            if queue_name not in self.queues:
                self.emit_before("declare_queue", queue_name)
                self.queues.add(queue_name)
                self.emit_after("declare_queue", queue_name)

        def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
            if self.client.llen(f"{self.namespace}:{message.queue_name}") >= MOST_WAITING:
                return message
            return super().enqueue(message, delay=delay)

        def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
            return _consumer(super().consume, reach, queue_name, prefetch, timeout)

    client = Redis.from_url(
        url,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        socket_keepalive=True,
        # Once more, for a connection that a restart of the server left dead.
        retry=Retry(NoBackoff(), 1),
    )
    return Bounded(  # type: ignore[no-untyped-call]
        client=client, namespace=NAMESPACE, middleware=[], heartbeat_timeout=HEARTBEAT_S * 1000
    )


def _rabbitmq_broker(url: str, reach: Reach) -> Broker:
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    class Bounded(RabbitmqBroker):
        """Its queues drop what they cannot take; none is declared for delayed or for dead messages."""

        def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
            return {
                "x-max-length": MOST_WAITING,
                "x-overflow": "drop-head",
                "x-message-ttl": RING_S * 1000,
                "x-expires": QUEUE_S * 1000,
            }

        def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
            if queue_name not in self.queues:
                self.emit_before("declare_queue", queue_name)
                self.queues.add(queue_name)
                self.queues_pending.add(queue_name)
                self.emit_after("declare_queue", queue_name)
            if ensure:
                self._ensure_queue(queue_name)  # type: ignore[no-untyped-call]

        def _declare_dq_queue(self, queue_name: str) -> None:
            return

        def _declare_xq_queue(self, queue_name: str) -> None:
            return

        def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
            # After a restart of the server its queues may be gone.
            self.queues_pending.add(queue_name)
            return _consumer(super().consume, reach, queue_name, prefetch, timeout)

    return Bounded(url=_with_limits(url), confirm_delivery=True, middleware=[])


def _with_limits(url: str) -> str:
    """The URL with pika's time-outs, as far as it does not set them itself."""
    parts = urlsplit(url)
    limits = {
        "heartbeat": HEARTBEAT_S,
        "blocked_connection_timeout": ANSWER_S,
        "socket_timeout": ANSWER_S,
        "stack_timeout": 2 * ANSWER_S,
        "connection_attempts": 1,
    }
    return urlunsplit(parts._replace(query=urlencode({**limits, **dict(parse_qsl(parts.query))})))


def _consumer(
    consume: Callable[[str, int, int], Consumer], reach: Reach, queue_name: str, prefetch: int, timeout: int
) -> Consumer:
    try:
        return _Quiet(consume(queue_name, prefetch, timeout), reach)
    except Exception as error:  # noqa: BLE001 - see `_Quiet`
        reach.lost(error)
        raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]


class _Quiet(Consumer):
    """A consumer of either broker whose every failure is a lost connection, which is opened again.

    A message that cannot be acknowledged comes again, which does no harm; waiting for it would.
    """

    def __init__(self, inner: Consumer, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    def __next__(self) -> MessageProxy | None:
        began = self._reach.losses
        try:
            message = next(self._inner)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is opened again
            self._reach.lost(error)
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        self._reach.regained(began)
        return message

    def ack(self, message: MessageProxy) -> None:
        with suppress(Exception):
            self._inner.ack(message)

    def nack(self, message: MessageProxy) -> None:
        with suppress(Exception):
            self._inner.nack(message)

    def requeue(self, messages: Any) -> None:
        with suppress(Exception):
            self._inner.requeue(messages)

    def close(self) -> None:
        with suppress(Exception):
            self._inner.close()
