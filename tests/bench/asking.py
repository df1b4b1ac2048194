"""What a sender of the bench is asked to do, what it has to tell, and one HTTP request over a bare socket."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import msgspec


class Job(msgspec.Struct):
    """`kind`: closed (each client sends again once answered), burst (all at once), paced (one at a time),
    window (so many under way until they are filled at the venue) or rate (so many a second, whatever the
    answers do).

    `bodies` are sent in turn; where they are fewer than is sent, `%d` in them is a number that rises from
    `first`. `fresh`: a connection for each request, as TradingView makes them; all but closed do in any case.
    `keep`: whether the answers themselves are wanted.
    """

    kind: str
    host: str
    port: int
    path: str
    bodies: list[str]
    first: int = 0
    clients: int = 1
    seconds: float = 1.0
    pause_s: float = 0.0
    per_second: float = 0.0
    fresh: bool = False
    keep: bool = False
    events_urls: list[str] = []


class Done(msgspec.Struct):
    """Times are those of the machine's clock, in seconds; latencies in milliseconds, in order of sending.

    The status 0 stands for no answer at all.
    """

    seconds: float
    latencies_ms: list[float]
    sent_at: list[float]
    answered_at: list[float]
    statuses: dict[int, int]
    filled: int = 0
    answers: list[str] = []


class Log:
    """What was sent and answered."""

    def __init__(self, keep: bool = False) -> None:
        self.sent: list[float] = []
        self.answered: list[float] = []
        self.answers: list[bytes] = []
        self.statuses: Counter[int] = Counter()
        self._keep = keep

    def add(self, sent: float, status: int, answer: bytes = b"") -> None:
        self.sent.append(sent)
        self.answered.append(time.perf_counter())
        self.statuses[status] += 1
        if self._keep:
            self.answers.append(answer)

    def done(self, began: float, filled: int = 0) -> Done:
        offset = time.time() - time.perf_counter()
        pairs = sorted(zip(self.sent, self.answered, strict=True))
        answers = sorted(zip(self.sent, self.answers, strict=True)) if self._keep else []
        return Done(
            seconds=max(self.answered, default=began) - began,
            latencies_ms=[(answered - sent) * 1000 for sent, answered in pairs],
            sent_at=[sent + offset for sent, _ in pairs],
            answered_at=[answered + offset for _, answered in pairs],
            statuses=dict(self.statuses),
            filled=filled,
            answers=[answer.decode() for _, answer in answers],
        )


class Bodies:
    """The requests' bytes, one after the other."""

    def __init__(self, job: Job) -> None:
        self._head = f"POST {job.path} HTTP/1.1\r\nhost: {job.host}:{job.port}\r\n"
        self._head += "content-type: application/json; charset=utf-8\r\n"
        self._head += "connection: close\r\n" if job.fresh else ""
        self._bodies = job.bodies
        self._next = 0
        self._first = job.first

    def next(self) -> bytes:
        body = self._bodies[self._next % len(self._bodies)].replace("%d", str(self._first + self._next))
        self._next += 1
        return f"{self._head}content-length: {len(body)}\r\n\r\n{body}".encode()


class Exchange(asyncio.Protocol):
    """One connection; `on_answer(exchange, sent_at, status, body)` is called with each whole answer."""

    def __init__(self, on_answer: "OnAnswer") -> None:
        self._on_answer = on_answer
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes, sent: float | None = None) -> None:
        self._sent = time.perf_counter() if sent is None else sent
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"content-length:") + 15
        if len(body) < int(head[at : (head + b"\r\n").index(b"\r\n", at)]):
            return
        self._received = b""
        self._on_answer(self, self._sent, int(head[9:12]), body)

    def connection_lost(self, error: Exception | None) -> None:
        self._on_answer(self, self._sent, 0, b"")

    def close(self) -> None:
        self._on_answer = lambda *_: None
        if self._transport is not None:
            self._transport.close()


OnAnswer = Callable[[Exchange, float, int, bytes], None]


async def once(job: Job, request: bytes, log: Log, due: float | None = None) -> None:
    """One request on a connection of its own; the time runs from when it was due, before the connection."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def answered(one: Exchange, sent: float, status: int, answer: bytes) -> None:
        one.close()
        log.add(sent, status, answer)
        over.set_result(None)

    began = time.perf_counter() if due is None else due
    try:
        _, line = await loop.create_connection(lambda: Exchange(answered), job.host, job.port)
    except OSError:
        log.add(began, 0)
        return
    line.ask(request, began)
    await over
