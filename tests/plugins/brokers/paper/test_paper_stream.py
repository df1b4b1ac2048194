"""A stream of events that says what nobody can read is taken up again, and never goes silent."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tradewire.testing.clock import FakeClock
from tradewire_paper.calls import Calls, Reply
from tradewire_paper.stream import Stream
from tradewire_paper.wire import OpenAccount


class OpenedAtOnce:
    """Calls to a venue that says yes to everything."""

    def __init__(self, port: int) -> None:
        self.url = urlsplit(f"http://127.0.0.1:{port}")

    async def post(self, path: str, body: bytes) -> Reply:
        return Reply(status=200, body=b"{}")


async def at_once(seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "said",
    ["no JSON", '{"type":"execution"}', '{"type":"execution","x":' + "[" * 100_000, b"\xff\xfe"],
    ids=["no JSON", "half of it", "nested too deep", "no text"],
)
def test_an_event_that_cannot_be_read_breaks_the_stream_and_it_is_taken_up_again(said: str | bytes) -> None:
    async def check() -> None:
        again = asyncio.Event()
        connections = 0

        async def venue(connection: ServerConnection) -> None:
            nonlocal connections
            connections += 1
            if connections > 1:
                again.set()
            await connection.send(said)
            await connection.wait_closed()

        async with serve(venue, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            calls: Any = OpenedAtOnce(port)
            env: Any = SimpleNamespace(clock=FakeClock(), sleep=at_once)
            stream = Stream(cast(Calls, calls), OpenAccount(account="desk"), 5.0, env)
            async with asyncio.timeout(20):
                await again.wait()
            await stream.close()

    asyncio.run(check())
