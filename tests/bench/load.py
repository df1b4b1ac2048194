"""The senders of the bench, a process of its own: `python -m bench.load` takes jobs as JSON, a line each.

It speaks HTTP over bare sockets, so that little of the machine is spent on asking. Every answer is awaited;
one that is not 200 counts apart.
"""

import asyncio
import gc
import sys
import time
from collections import Counter

import msgspec

LONGEST_S = 120.0


class Job(msgspec.Struct):
    """`kind`: closed (each client sends again once answered), burst (all at once), paced (one at a time) or
    window (so many under way until they are filled at the venue).

    `bodies` are sent in turn; where they are fewer than is sent, `%d` in them is a number that rises from
    `first`. `fresh`: a connection for each request, as TradingView makes them.
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
    fresh: bool = False
    events_url: str = ""


class Done(msgspec.Struct):
    """Times are those of the machine's clock, in seconds; latencies in milliseconds, in order of sending."""

    seconds: float
    latencies_ms: list[float]
    sent_at: list[float]
    answered_at: list[float]
    statuses: dict[int, int]
    filled: int = 0


class Log:
    """What was sent and answered."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.answered: list[float] = []
        self.statuses: Counter[int] = Counter()

    def add(self, sent: float, status: int) -> None:
        self.sent.append(sent)
        self.answered.append(time.perf_counter())
        self.statuses[status] += 1

    def done(self, began: float, filled: int = 0) -> Done:
        offset = time.time() - time.perf_counter()
        pairs = sorted(zip(self.sent, self.answered, strict=True))
        return Done(
            seconds=max(self.answered, default=began) - began,
            latencies_ms=[(answered - sent) * 1000 for sent, answered in pairs],
            sent_at=[sent + offset for sent, _ in pairs],
            answered_at=[answered + offset for _, answered in pairs],
            statuses=dict(self.statuses),
            filled=filled,
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
    """One connection; `on_answer(sent_at, status)` is called with each whole answer."""

    def __init__(self, on_answer: "object") -> None:
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
        self._on_answer(self, self._sent, int(head[9:12]))  # type: ignore[operator]

    def connection_lost(self, error: Exception | None) -> None:
        self._on_answer(self, self._sent, 0)  # type: ignore[operator]

    def close(self) -> None:
        self._on_answer = lambda *_: None
        if self._transport is not None:
            self._transport.close()


async def closed(job: Job) -> Done:
    """Each client sends the next request as soon as its last one was answered."""
    loop, log, bodies = asyncio.get_running_loop(), Log(), Bodies(job)
    end = time.perf_counter() + job.seconds
    running, over = job.clients, loop.create_future()

    def answered(one: Exchange, sent: float, status: int) -> None:
        nonlocal running
        log.add(sent, status)
        if time.perf_counter() < end and status:
            one.ask(bodies.next())
            return
        one.close()
        running -= 1
        if not running:
            over.set_result(None)

    async def fresh() -> None:
        while time.perf_counter() < end:
            await once(job, bodies.next(), log)

    began = time.perf_counter()
    if job.fresh:
        await asyncio.gather(*(fresh() for _ in range(job.clients)))
        return log.done(began)
    lines = [
        (await loop.create_connection(lambda: Exchange(answered), job.host, job.port))[1]
        for _ in range(job.clients)
    ]
    began, end = time.perf_counter(), time.perf_counter() + job.seconds
    for line in lines:
        line.ask(bodies.next())
    await asyncio.wait_for(over, LONGEST_S)
    return log.done(began)


async def once(job: Job, request: bytes, log: Log) -> None:
    """One request on a connection of its own; the time runs from before the connection."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    def answered(one: Exchange, sent: float, status: int) -> None:
        one.close()
        log.add(sent, status)
        answer.set_result(None)

    began = time.perf_counter()
    _, line = await loop.create_connection(lambda: Exchange(answered), job.host, job.port)
    line.ask(request, began)
    await answer


async def burst(job: Job) -> Done:
    """All at once, a connection each."""
    log, bodies = Log(), Bodies(job)
    requests = [bodies.next() for _ in job.bodies]
    began = time.perf_counter()
    await asyncio.gather(*(once(job, request, log) for request in requests))
    return log.done(began)


async def paced(job: Job) -> Done:
    """One after the other, with a pause after each."""
    log, bodies = Log(), Bodies(job)
    began = time.perf_counter()
    for _ in job.bodies:
        await once(job, bodies.next(), log)
        await asyncio.sleep(job.pause_s)
    return log.done(began)


async def window(job: Job) -> Done:
    """At most `clients` requests under way, counted until their order is filled at the venue; each makes a
    connection of its own. Ends once all that were sent are filled."""
    from websockets.asyncio.client import connect

    log, bodies = Log(), Bodies(job)
    free = asyncio.Semaphore(job.clients)
    sending: set[asyncio.Task[None]] = set()
    filled, heard = 0, asyncio.Event()
    async with connect(job.events_url, proxy=None, max_queue=None) as events:

        async def hear() -> None:
            nonlocal filled
            async for event in events:
                if '"execution_id"' in str(event):
                    filled += 1
                    heard.set()
                    free.release()

        hearing = asyncio.ensure_future(hear())
        began = time.perf_counter()
        while time.perf_counter() < began + job.seconds:
            await free.acquire()
            task = asyncio.ensure_future(once(job, bodies.next(), log))
            sending.add(task)
            task.add_done_callback(sending.discard)
        await asyncio.gather(*sending)
        async with asyncio.timeout(LONGEST_S):
            while filled < len(log.sent):
                heard.clear()
                await heard.wait()
        hearing.cancel()
    return log.done(began, filled)


KINDS = {"closed": closed, "burst": burst, "paced": paced, "window": window}


def main() -> None:
    gc.disable()
    for line in sys.stdin.buffer:
        job = msgspec.json.decode(line, type=Job)
        done = asyncio.run(KINDS[job.kind](job))
        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
        sys.stdout.buffer.flush()
        gc.collect()


if __name__ == "__main__":
    main()
