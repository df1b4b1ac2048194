"""What core lends to a broker's session, in memory: it outlives the session as the real one does."""

from collections.abc import Mapping

from tradewire.domain.session import SessionCalendar
from tradewire.testing.clock import FakeClock


class MemoryState:
    """A `StateStore`; `entries` is what is "on disk"."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.entries.get(key)

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return {key: value for key, value in self.entries.items() if key.startswith(prefix)}

    async def put(self, entries: Mapping[str, bytes | None]) -> None:
        for key, value in entries.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value


class LentEnv:
    """An `Env` whose clock stands still and whose calendars are all open; give it the state of another to
    open the same account again."""

    def __init__(self, state: MemoryState | None = None, clock: FakeClock | None = None) -> None:
        self.state = state or MemoryState()
        self.clock = clock or FakeClock()

    async def calendar(self, name: str) -> SessionCalendar:
        return SessionCalendar(name="24/7")

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
