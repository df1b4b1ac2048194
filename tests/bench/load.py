"""The senders of the bench, a process of its own: `python -m bench.load` takes jobs as JSON, a line each.

It speaks HTTP over bare sockets, so that little of the machine is spent on asking. Every answer is awaited;
one that is not 200 counts apart.
"""

import asyncio
import gc
import sys
import time
from contextlib import AsyncExitStack

import msgspec

from bench.asking import Bodies, Done, Exchange, Job, Log, once

LONGEST_S = 120.0


async def closed(job: Job) -> Done:
    """Each client sends the next request as soon as its last one was answered."""
    loop, log, bodies = asyncio.get_running_loop(), Log(job.keep), Bodies(job)
    end = time.perf_counter() + job.seconds
    running, over = job.clients, loop.create_future()

    def answered(one: Exchange, sent: float, status: int, answer: bytes) -> None:
        nonlocal running
        log.add(sent, status, answer)
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


async def burst(job: Job) -> Done:
    """All at once, a connection each."""
    log, bodies = Log(job.keep), Bodies(job)
    requests = [bodies.next() for _ in job.bodies]
    began = time.perf_counter()
    await asyncio.gather(*(once(job, request, log) for request in requests))
    return log.done(began)


async def paced(job: Job) -> Done:
    """One after the other, with a pause after each."""
    log, bodies = Log(job.keep), Bodies(job)
    began = time.perf_counter()
    for _ in job.bodies:
        await once(job, bodies.next(), log)
        await asyncio.sleep(job.pause_s)
    return log.done(began)


async def rate(job: Job) -> Done:
    """Each when it is due, whether or not those before it were answered; a late sender counts as waiting."""
    log, bodies = Log(job.keep), Bodies(job)
    began = time.perf_counter()
    async with asyncio.timeout(job.seconds + LONGEST_S), asyncio.TaskGroup() as sending:
        for nth in range(round(job.seconds * job.per_second)):
            due = began + nth / job.per_second
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            sending.create_task(once(job, bodies.next(), log, due))
    return log.done(began)


async def window(job: Job) -> Done:
    """At most `clients` requests under way, counted until their order is filled at the venue; each makes a
    connection of its own. Ends once all that were sent are filled."""
    from websockets.asyncio.client import ClientConnection, connect

    log, bodies = Log(job.keep), Bodies(job)
    free = asyncio.Semaphore(job.clients)
    sending: set[asyncio.Task[None]] = set()
    filled, heard = 0, asyncio.Event()
    async with AsyncExitStack() as open_streams:

        async def hear(events: ClientConnection) -> None:
            nonlocal filled
            async for event in events:
                if '"execution_id"' in str(event):
                    filled += 1
                    heard.set()
                    free.release()

        streams = [connect(url, proxy=None, max_queue=None) for url in job.events_urls]
        opened = [await open_streams.enter_async_context(one) for one in streams]
        hearing = [asyncio.ensure_future(hear(one)) for one in opened]
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
        for one in hearing:
            one.cancel()
    return log.done(began, filled)


KINDS = {"closed": closed, "burst": burst, "paced": paced, "rate": rate, "window": window}


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
