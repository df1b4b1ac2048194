"""Calls to a venue process: whatever is not a whole answer to this very call is none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tradewire import Inconclusive, Unhonoured, Unknown
from tradewire_paper import answers, wire
from tradewire_paper.calls import CallFailed, Calls, Reply

WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """Answers the n-th request of all with `script(n)`; None: never. Counts connections and requests."""

    def __init__(self, script: Callable[[int], bytes | None]) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._script = script
        self._writers: list[asyncio.StreamWriter] = []
        self.asked = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            self.requests.append(head)
            self.asked.set()
            answer = self._script(len(self.requests))
            if answer == b"":
                break
            if answer is not None:
                writer.write(answer)
        writer.close()

    def say(self, text: bytes) -> None:
        """On the first connection, unasked."""
        self._writers[0].write(text)

    def hang_up(self) -> None:
        self._writers[0].close()

    async def end(self) -> None:
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def venue(
    script: Callable[[int], bytes | None], timeout_s: float = 5.0
) -> AsyncIterator[tuple[Calls, Peer]]:
    peer = Peer(script)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    calls = Calls(f"http://127.0.0.1:{port}/desk/", timeout_s)
    try:
        yield calls, peer
    finally:
        calls.close()
        server.close()
        await peer.end()


async def settled() -> None:
    """Until what the other side did has been noticed here."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_connection_is_kept_for_the_next_call() -> None:
    async def check() -> None:
        async with venue(lambda _: WHOLE) as (calls, peer):
            assert (await calls.get("/order", client_id="a b&c")).body == b"ok"
            assert (await calls.post("/orders", b"")).is_success
            assert peer.connections == 1
            assert peer.requests[0].startswith(b"GET /desk/order?client_id=a+b%26c HTTP/1.1\r\n")

    asyncio.run(check())


def test_calls_at_the_same_time_have_a_connection_each() -> None:
    async def check() -> None:
        async with venue(lambda _: WHOLE) as (calls, peer):
            await asyncio.gather(*(calls.get("/quote") for _ in range(3)))
            assert peer.connections == 3

    asyncio.run(check())


def test_an_answer_in_pieces_is_put_together() -> None:
    async def check() -> None:
        async with venue(lambda _: WHOLE[:30]) as (calls, peer):
            call = asyncio.create_task(calls.get("/quote"))
            await peer.asked.wait()
            peer.say(WHOLE[30:])
            assert (await call).body == b"ok"

    asyncio.run(check())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000,
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"",
    ],
    ids=range(7),
)
def test_what_is_no_whole_answer_fails(answer: bytes) -> None:
    async def check() -> None:
        async with venue(lambda _: answer) as (calls, peer):
            with pytest.raises(CallFailed, match="the connection to the venue failed"):
                await calls.post("/orders", b"")
            assert len(peer.requests) == 1

    asyncio.run(check())


def test_the_answer_that_came_too_late_is_not_taken_for_the_next_calls() -> None:
    async def check() -> None:
        async with venue(lambda n: None if n == 1 else WHOLE, timeout_s=0.05) as (calls, peer):
            with pytest.raises(CallFailed, match="did not answer in time"):
                await calls.post("/orders", b"")
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate")
            assert (await calls.post("/orders", b"")).body == b"ok"
            assert peer.connections == 2

    asyncio.run(check())


@pytest.mark.parametrize("said", [None, b"unasked"])
def test_a_connection_that_ended_or_spoke_unasked_is_not_used_again(said: bytes | None) -> None:
    async def check() -> None:
        async with venue(lambda _: WHOLE) as (calls, peer):
            await calls.get("/quote")
            peer.hang_up() if said is None else peer.say(said)
            await settled()
            assert (await calls.get("/quote")).body == b"ok"
            assert peer.connections == 2

    asyncio.run(check())


def test_more_than_was_announced_ends_the_connection() -> None:
    async def check() -> None:
        async with venue(lambda _: WHOLE + b"HTTP/1.1 200 OK\r\n") as (calls, peer):
            assert (await calls.get("/quote")).body == b"ok"
            assert (await calls.get("/quote")).body == b"ok"
            assert peer.connections == 2

    asyncio.run(check())


@pytest.mark.parametrize(
    "url", ["", "venue", "ftp://venue", "http://", "http://venue:port", "http://a b", "http://me:pw@venue"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Unhonoured, match="must look like"):
        Calls(url, 1.0)


def test_an_answer_that_is_nested_too_deep_is_none() -> None:
    deep = Reply(status=200, body=b'{"x":' + b"[" * 100_000)
    created = Reply(status=201, body=b'{"x":' + b"[" * 100_000)
    assert answers.parse(deep, wire.Orders) is None
    assert isinstance(answers.to_submit(created), Unknown)
    assert isinstance(answers.to_find(deep), Inconclusive)
