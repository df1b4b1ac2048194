"""The demo from its first process to its last: set up, send, follow, compare."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from tradewire.contract.errors import Unhonoured
from tradewire.demo.api import Api
from tradewire.demo.books import read_ledger, read_venue
from tradewire.demo.play import Player
from tradewire.demo.processes import tradewire, venue
from tradewire.demo.progress import Row
from tradewire.demo.result import Result, judge
from tradewire.demo.script import Answered, Post, script
from tradewire.demo.setup import NORTH, SOUTH, set_up
from tradewire.demo.tables import Monitor
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.sabotage import DROP
from tradewire.services.positions import Grouping

DEDUPE = "dedupe"
_CONNECTED_WITHIN_S = 15.0
_POLL_S = 0.03
_TIMEOUT_S = 15.0


class Played(Struct):
    """What came of the demo, and what Tradewire shows of it."""

    result: Result
    monitor: Monitor


class Staged:
    """Both processes running and set up; `play` may be called once."""

    def __init__(self, client: httpx.AsyncClient, api: Api, venue_url: str, webhook: str, key: str) -> None:
        self._client = client
        self._api = api
        self._venue_url = venue_url
        self.webhook = webhook
        self._key = key

    def posts(self, clock: Clock) -> tuple[Post, ...]:
        return script(self._key, clock.now())

    async def play(
        self, posts: Sequence[Post], clock: Clock, show: Callable[[Row], None], pause_s: float
    ) -> Played:
        """Send and follow `posts`, then compare the three books."""
        rows = await Player(self._client, self.webhook, self._api, clock, show).play(posts, pause_s)
        signals = await self._api.signals()
        ledger = read_ledger(await self._api.ledger())
        book = read_venue((await self._client.get(f"{self._venue_url}/book")).content)
        names = {one.id: one.name for one in await self._api.algorithms()}
        return Played(
            result=judge(rows, ledger, book, names, len(signals.items)),
            monitor=Monitor(
                signals=signals.items,
                refused=(await self._api.refused()).items,
                orders=(await self._api.orders()).items,
                fills=(await self._api.fills()).items,
                positions=await self._api.positions(Grouping.ALGORITHM),
                names=_names(rows),
            ),
        )


@asynccontextmanager
async def staged(clock: Clock, keep: Path | None, sabotage: str | None) -> AsyncIterator[Staged]:
    """Start and set up everything in `keep`, or in a folder that is removed in the end."""
    async with AsyncExitStack() as stack:
        folder = _empty(keep) if keep is not None else Path(stack.enter_context(_temporary()))
        venue_url = await stack.enter_async_context(venue(folder))
        ready = await stack.enter_async_context(tradewire(folder, DROP if sabotage == DROP else None))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=ready.url, timeout=_TIMEOUT_S, trust_env=False)
        )
        instance = DataFolder(ready.folder).running()
        if instance is None:
            raise Unhonoured("Tradewire ended before the demo could begin.")
        api = Api(client, instance.token)
        key = await set_up(api, venue_url, copies_run=sabotage == DEDUPE)
        await _connected(client, venue_url, clock)
        yield Staged(client, api, venue_url, ready.webhook, key)


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tradewire-demo-")


def _empty(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError as error:
        raise Unhonoured(f"The folder {folder} cannot be used: {error.strerror}.") from error
    if used:
        raise Unhonoured(f"The folder {folder} is not empty, and the demo needs one of its own.")
    return folder.absolute()


async def _connected(client: httpx.AsyncClient, venue_url: str, clock: Clock) -> None:
    """Return once both accounts are open at the venue."""
    deadline = clock.monotonic() + _CONNECTED_WITHIN_S
    while clock.monotonic() < deadline:
        book = read_venue((await client.get(f"{venue_url}/book")).content)
        if {NORTH, SOUTH} <= book.accounts:
            return
        await asyncio.sleep(_POLL_S)
    raise Unhonoured(f"The accounts did not connect to the venue within {_CONNECTED_WITHIN_S:.0f} s.")


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """What the messages are called, by the id under which each stands in the Signal Log."""
    return {
        row.signal_id: row.post.name
        for row in rows
        if row.signal_id is not None and row.answered != Answered.DUPLICATE
    }
