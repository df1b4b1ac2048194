"""A TCP proxy that goes wrong by script: between a relay and its venue, its database or its message broker.

It knows nothing of what it carries. A fault is due on the connection on which the client sends the bytes that
the fault waits for, counted from when it was loaded, so the same script does the same every time.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Any

from tradewire.domain.base import Struct

_CHUNK = 1 << 16


class Wrong(StrEnum):
    """What happens to the request that a fault waits for, and to its connection.

    The first group loses the request, the second its answer; the rest delivers both, in its own way.
    """

    DROP = "drop"
    BLACKHOLE = "blackhole"

    LOSE_ANSWER = "lose_answer"
    HALF_OPEN = "half_open"
    CUT = "cut"

    DELAY = "delay"
    THROTTLE = "throttle"
    TWICE = "twice"


class WireFault(Struct):
    """`kind` happens to the `nth` request with the bytes `on` and the `times` - 1 after it.

    `seconds` is for DELAY, `bytes` how much of the answer passes before CUT, `per_second` for THROTTLE.
    """

    kind: Wrong
    on: bytes
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    bytes: int = 0
    per_second: int = 1_000


class FaultProxy:
    """Listens on 127.0.0.1 from a thread of its own; `port` stays for its whole life."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.met: list[Wrong] = []
        self._script: list[tuple[WireFault, int]] = []
        self._wires: set[_Wire] = set()
        self._refusing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def load(self, *faults: WireFault) -> None:
        """Add faults; they count from now on."""
        self._call(lambda: self._script.extend((fault, 0) for fault in faults))

    def clear(self) -> None:
        self._call(self._script.clear)

    def refuse(self, refusing: bool = True) -> None:
        """Reset whatever connects from now on, and what is connected."""

        def begin() -> None:
            self._refusing = refusing
            for wire in list(self._wires):
                wire.reset()

        self._call(begin)

    def freeze(self, frozen: bool = True) -> None:
        """Carry nothing in either direction; connections stay, and new ones are taken and not served."""

        def begin() -> None:
            for wire in self._wires:
                wire.flowing.clear() if frozen else wire.flowing.set()
            self._frozen = frozen

        self._call(begin)

    _frozen = False

    def close(self) -> None:
        self.refuse()
        self._call(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> "FaultProxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def due(self, sent: bytes) -> WireFault | None:
        """What this request is to meet: the first fault that is due. All that wait for it count on."""
        hit = None
        for index, (fault, seen) in enumerate(self._script):
            if fault.on not in sent:
                continue
            self._script[index] = (fault, seen + 1)
            if hit is None and fault.nth <= seen + 1 < fault.nth + fault.times:
                hit = fault
        if hit is not None:
            self.met.append(hit.kind)
        return hit

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            _reset(writer)
            return
        wire = _Wire(self, reader, writer)
        if self._frozen:
            wire.flowing.clear()
        self._wires.add(wire)
        try:
            await wire.run()
        finally:
            self._wires.discard(wire)

    def _call(self, act: Callable[[], Any]) -> None:
        done: Future[None] = Future()

        def run() -> None:
            act()
            done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(timeout=10)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)


class _Wire:
    """One client's connection and the one behind it."""

    def __init__(self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._fault: WireFault | None = None
        self._server_writer: asyncio.StreamWriter | None = None
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def run(self) -> None:
        reader, writer = self._client
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._proxy.target_port)
        except OSError:
            _reset(writer)
            return
        self._server_writer = server_writer
        both = (
            asyncio.ensure_future(self._forth(reader, server_writer)),
            asyncio.ensure_future(self._back(server_reader, writer)),
        )
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        with suppress(BaseException):
            await asyncio.gather(*both)
        for one in (writer, server_writer):
            one.close()

    def reset(self) -> None:
        _reset(self._client[1])
        if self._server_writer is not None:
            _reset(self._server_writer)

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self.flowing.wait()
                fault = self._proxy.due(data)
                if fault is not None:
                    self._fault = fault
                    if fault.kind is Wrong.DROP:
                        self.reset()
                        return
                    if fault.kind is Wrong.BLACKHOLE:
                        await reader.read()
                        return
                    await asyncio.sleep(fault.seconds)
                writer.write(data * 2 if fault is not None and fault.kind is Wrong.TWICE else data)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self.flowing.wait()
                fault = self._fault
                if fault is None or fault.kind in (Wrong.DELAY, Wrong.TWICE):
                    writer.write(data)
                    await writer.drain()
                elif fault.kind is Wrong.THROTTLE:
                    await _dribble(writer, data, fault.per_second)
                elif fault.kind is Wrong.HALF_OPEN:
                    # The client is not told that anything ended, and hears nothing more.
                    await asyncio.Event().wait()
                else:
                    writer.write(data[: fault.bytes] if fault.kind is Wrong.CUT else b"")
                    with suppress(ConnectionError):
                        await writer.drain()
                    self.reset()
                    return


async def _dribble(writer: asyncio.StreamWriter, data: bytes, per_second: int) -> None:
    piece = max(per_second // 20, 1)
    for start in range(0, len(data), piece):
        writer.write(data[start : start + piece])
        await writer.drain()
        await asyncio.sleep(piece / per_second)


def _reset(writer: asyncio.StreamWriter) -> None:
    """A linger of zero makes the kernel send RST, as a peer that has crashed does."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
