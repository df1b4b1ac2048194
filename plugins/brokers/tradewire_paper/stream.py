"""The event stream of a venue process, taken up again whenever it breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tradewire import Env, Event, Execution, HealthChange, HealthState, OrderUpdate, StreamGap
from tradewire_paper.answers import UNREADABLE
from tradewire_paper.calls import Calls
from tradewire_paper.feed import Break, Feed, Listener
from tradewire_paper.wire import OpenAccount

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


class Stream:
    """Reads events as long as it is open. After a break: DEGRADED, then a `StreamGap` and READY.

    The account is opened before the first event or call. Reading begins with the construction, which needs a
    running loop; `timeout_s` bounds the opening of a connection.
    """

    def __init__(self, calls: Calls, opening: OpenAccount, timeout_s: float, env: Env) -> None:
        self.state = HealthState.CONNECTING
        self._calls = calls
        self._opening = opening
        self._timeout_s = timeout_s
        self._env = env
        self._feed = Feed()
        self._opened = False
        # Of a broken stream only this much is certain: up to the last event it was whole.
        self._seen = env.clock.now()
        self._reader = asyncio.create_task(self._read(), name="paper venue stream")

    def events(self) -> AsyncIterator[Event]:
        return self._follow(self._feed.subscribe())

    async def close(self) -> None:
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        self.state = HealthState.DOWN
        self._feed.close()

    async def open_account(self) -> None:
        """Open the account once; raises `ConnectionError` while the venue is away."""
        if self._opened:
            return
        reply = await self._calls.post("/accounts", msgspec.json.encode(self._opening))
        if not reply.is_success:
            raise ConnectionError(f"The paper venue refused to open the account ({reply.status}).")
        self._opened = True

    async def _follow(self, listener: Listener) -> AsyncIterator[Event]:
        yield HealthChange(state=self.state, at=self._env.clock.now())
        while not isinstance(event := await listener.get(), Break):
            yield event

    async def _read(self) -> None:
        now = self._env.clock.now
        wait = _FIRST_WAIT_S
        while True:
            problem: Exception | None = None
            try:
                # A venue that lost its memory must learn of the account again.
                self._opened = False
                await self.open_account()
                async with connect(self._url(), open_timeout=self._timeout_s, proxy=None) as socket:
                    self._feed.publish(StreamGap(since=self._seen, until=now()))
                    self._change(HealthState.READY, "")
                    wait = _FIRST_WAIT_S
                    await self._listen(socket)
            except (OSError, WebSocketException, *UNREADABLE) as broken:
                problem = broken
            self._change(
                HealthState.DEGRADED, f"The paper venue's event stream broke: {problem or 'closed'}."
            )
            await self._env.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    async def _listen(self, socket: ClientConnection) -> None:
        async for message in socket:
            self._feed.publish(msgspec.json.decode(message, type=Execution | OrderUpdate))
            self._seen = self._env.clock.now()

    def _change(self, state: HealthState, message: str) -> None:
        if state is not self.state:
            self.state = state
            self._feed.publish(HealthChange(state=state, message=message, at=self._env.clock.now()))

    def _url(self) -> str:
        url = self._calls.url.geturl().replace("http", "ws", 1)
        return f"{url}/events?{urlencode({'account': self._opening.account})}"
