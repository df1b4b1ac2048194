"""A small HTTP/1.1 and WebSocket server on asyncio streams.

Written out because the faults need the socket: an answer that never comes, a connection that is reset.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from enum import Enum
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from tradewire import Event, Struct
from tradewire_paper.feed import Break, Listener

_MAX_BODY = 1 << 20


class Request(Struct):
    """One request; `head` is everything before the body, as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    head: bytes
    body: bytes = b""
    upgrade: bool = False


class Reply(Struct):
    status: int
    body: bytes
    content_type: str = "application/json"


class Broken(Enum):
    """Instead of a reply: the connection is reset, or never answered."""

    RESET = "reset"
    HANG = "hang"


class Malformed(Exception):
    """Not a request of HTTP/1.1 that this server understands."""


Handler = Callable[[Request], Awaitable[Reply | Broken]]
Subscribe = Callable[[Request], Awaitable[tuple[Listener, Callable[[], None]] | None]]


class Connection:
    """Serves one client's connection until it ends; `encode` makes the text of an event."""

    def __init__(self, handler: Handler, subscribe: Subscribe, encode: Callable[[Event], bytes]) -> None:
        self._handler = handler
        self._subscribe = subscribe
        self._encode = encode

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                while (request := await _read(reader)) is not None:
                    if request.upgrade:
                        await self._stream(request, reader, writer)
                        break
                    answer = await self._handler(request)
                    if answer is Broken.RESET:
                        _reset(writer)
                        break
                    if answer is Broken.HANG:
                        await reader.read()
                        break
                    if isinstance(answer, Reply):
                        await _write(writer, answer)
            except Malformed as problem:
                await _write(writer, Reply(status=400, body=str(problem).encode(), content_type="text/plain"))
        writer.close()

    async def _stream(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(request.head)
        handshake = next((one for one in protocol.events_received() if isinstance(one, Handshake)), None)
        # Subscribed before the handshake is answered, so that a client misses nothing once it is in.
        subscribed = None if handshake is None else await self._subscribe(request)
        if handshake is None or subscribed is None:
            await _write(writer, Reply(status=404, body=b'{"error":"There is no such stream."}'))
            return
        listener, leave = subscribed
        protocol.send_response(protocol.accept(handshake))
        await _flush(protocol, writer)
        incoming = asyncio.create_task(_listen(protocol, reader, writer))
        outgoing = asyncio.create_task(self._speak(protocol, listener, writer))
        try:
            await asyncio.wait({incoming, outgoing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leave()
            for task in (incoming, outgoing):
                task.cancel()
            await asyncio.gather(incoming, outgoing, return_exceptions=True)

    async def _speak(
        self, protocol: ServerProtocol, listener: Listener, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            event = await listener.get()
            if event is Break.CUT:
                _reset(writer)
                return
            if isinstance(event, Break):
                protocol.send_close(1001)
                await _flush(protocol, writer)
                return
            protocol.send_text(self._encode(event))
            await _flush(protocol, writer)


async def _listen(
    protocol: ServerProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answers pings and the close; what a client says otherwise is of no interest."""
    while data := await reader.read(4096):
        protocol.receive_data(data)
        protocol.events_received()
        await _flush(protocol, writer)
        if protocol.close_expected():
            return


async def _flush(protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
    for data in protocol.data_to_send():
        if data:
            writer.write(data)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as problem:
        raise Malformed("The head of the request is too long.") from problem
    except asyncio.IncompleteReadError as problem:
        if problem.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] != "HTTP/1.1":
        raise Malformed("The request is not HTTP/1.1.")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _MAX_BODY or "transfer-encoding" in headers:
        raise Malformed("The body needs a Content-Length of at most 1 MiB.")
    target = urlsplit(parts[1])
    return Request(
        method=parts[0],
        path=target.path,
        query=dict(parse_qsl(target.query)),
        head=head,
        body=await reader.readexactly(int(length)),
        upgrade=headers.get("upgrade", "").lower() == "websocket",
    )


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    head = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
        f"content-type: {reply.content_type}\r\ncontent-length: {len(reply.body)}\r\n\r\n"
    )
    writer.write(head.encode() + reply.body)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """A linger of zero makes the kernel send RST, as a peer that has crashed does."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
