"""Calls to the venue process over HTTP/1.1, on connections that are kept for the next call.

Written out because an order is one call: a general client takes ten times as long for it as the socket does.
"""

import asyncio
import ssl
from collections import deque
from typing import cast
from urllib.parse import SplitResult, urlencode, urlsplit

from tradewire import Struct, Unhonoured

#: Connections at once; what comes on top waits for one, as long as its time-out lets it.
_MOST = 100
#: A longer head or body, in bytes, is no answer of a venue.
_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 64 * 1024 * 1024
_PORTS = {"http": 80, "https": 443}


class Reply(Struct):
    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class CallFailed(ConnectionError):
    """There is no whole answer; the request may have arrived. The text says why."""


class Calls:
    """Each call has a connection to itself; nothing is ever sent twice. `timeout_s` bounds a whole call."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Raises `Unhonoured` for a URL that is none."""
        self.url = _address(url)
        self._timeout_s = timeout_s
        self._idle: deque[_Line] = deque()
        self._room = asyncio.Semaphore(_MOST)
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def get(self, path: str, **query: str) -> Reply:
        return await self._call("GET", f"{path}?{urlencode(query)}", b"")

    async def post(self, path: str, body: bytes) -> Reply:
        return await self._call("POST", path, body)

    def close(self) -> None:
        """What is under way may end; its connection is not kept."""
        self._closed = True
        while self._idle:
            self._idle.pop().abort()

    async def _call(self, method: str, target: str, body: bytes) -> Reply:
        head = (
            f"{method} {self.url.path}{target} HTTP/1.1\r\nhost: {self.url.netloc}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self._timeout_s), self._room:
                line = self._kept() or await self._connected()
                try:
                    reply = await line.ask(head.encode("latin-1") + body)
                except BaseException:
                    # An answer that still came would be taken for the next call's.
                    line.abort()
                    raise
        except TimeoutError:
            raise CallFailed("the venue did not answer in time") from None
        except (OSError, ValueError) as problem:
            said = str(problem) or type(problem).__name__
            raise CallFailed(f"the connection to the venue failed ({said})") from problem
        if self._closed:
            line.abort()
        elif line.is_open:
            self._idle.append(line)
        return reply

    def _kept(self) -> "_Line | None":
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
        return None

    async def _connected(self) -> "_Line":
        if self.url.scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        port = self.url.port or _PORTS[self.url.scheme]
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(_Line, self.url.hostname or "", port, ssl=self._tls)
        return line


class _Line(asyncio.Protocol):
    """One connection, with at most one call under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._reply: asyncio.Future[Reply] | None = None
        self._lost = False

    @property
    def is_open(self) -> bool:
        return not self._lost and self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    async def ask(self, request: bytes) -> Reply:
        """Raises `ConnectionError` where the connection ends before the answer is whole, `ValueError` for an
        answer that is none."""
        if self._transport is None or self._lost:
            raise ConnectionResetError("it was closed")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._reply is None or self._reply.done():
            # Nothing was asked: whatever this is, no call may take it for its answer.
            self.abort()
            return
        try:
            reply = self._whole()
        except ValueError as problem:
            self._reply.set_exception(problem)
            self.abort()
            return
        if reply is not None:
            self._reply.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error or ConnectionResetError("it was closed"))

    def abort(self) -> None:
        self._lost = True
        if self._transport is not None:
            self._transport.abort()

    def _whole(self) -> Reply | None:
        """The answer once all of it is there; what is left over closes the connection."""
        end = self._received.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
        if end < 0:
            if len(self._received) >= _LONGEST_HEAD:
                raise ValueError("its head has no end")
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        version, _, rest = first.partition(" ")
        length = fields.get("content-length", "")
        if version != "HTTP/1.1" or not rest[:3].isdecimal() or not length.isdecimal():
            raise ValueError("it is no answer of HTTP/1.1 with its length")
        if int(length) > _LONGEST_BODY:
            raise ValueError(f"it is {length} bytes long")
        if len(self._received) - end - 4 < int(length):
            return None
        body = bytes(self._received[end + 4 :])
        if len(body) > int(length) or fields.get("connection", "").lower() == "close":
            self.abort()
        self._received.clear()
        return Reply(status=int(rest[:3]), body=body[: int(length)])


def _address(url: str) -> SplitResult:
    wrong = Unhonoured(f"The paper account's url is {url}; it must look like http://127.0.0.1:8791.")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise wrong
    try:
        found = urlsplit(url.rstrip("/"))
        port = found.port
    except ValueError:
        raise wrong from None
    if found.scheme not in _PORTS or not found.hostname or port == 0 or "@" in found.netloc:
        raise wrong
    return found
