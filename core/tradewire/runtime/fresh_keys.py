"""A key that another process made is good here at once; one that it revoked, the accept itself refuses."""

import asyncio
from collections.abc import Awaitable, Callable

from tradewire.contract.authenticator import KeyRing, KeyState
from tradewire.domain.clock import Clock
from tradewire.ingress.answers import Answer, unavailable
from tradewire.ingress.door import Door
from tradewire.ingress.request import Received
from tradewire.plugins import Plugins
from tradewire.security.keys import find_keys
from tradewire.security.lockout import Lockout
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable

#: The stored keys are read at most so often, in seconds, however many unknown keys are tried.
EVERY_S = 0.25


class DoorOfMany(Door):
    """A door that reads the stored keys again before it turns a well-formed key away as unknown."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
        on_accepted: Callable[[], None],
        lockout: Lockout,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        """`refresh` has `keys` say what is stored now."""
        super().__init__(store, plugins, keys, clock, settings, on_accepted, lockout)
        self._known_keys = keys
        self._refresh = refresh
        self._time = clock
        self._read_at = -EVERY_S
        self._next: asyncio.Task[None] | None = None

    async def receive(self, request: Received) -> Answer:
        return await self._known(request) or await super().receive(request)

    async def refuse(self, request: Received, status: int, kind: str, reason: str) -> Answer:
        return await self._known(request) or await super().refuse(request, status, kind, reason)

    async def _known(self, request: Received) -> Answer | None:
        """503 where it cannot be told now whether a key is known."""
        found = find_keys(request.body) + find_keys("/".join(request.path).encode())
        if all(self._known_keys.look_up(key).state is not KeyState.UNKNOWN for key in found):
            return None
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._soon())
        try:
            await asyncio.shield(self._next)
        except StoreUnavailable as error:
            return unavailable(f"The key could not be looked up; send the message again. {error}")
        return None

    async def _soon(self) -> None:
        await asyncio.sleep(max(self._read_at + EVERY_S - self._time.monotonic(), 0.0))
        # Whoever comes from here on waits for the next reading: this one may miss their key.
        self._next = None
        self._read_at = self._time.monotonic()
        await self._refresh()
