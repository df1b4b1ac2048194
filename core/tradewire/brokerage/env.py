"""What core lends to a session."""

import asyncio

from tradewire.brokerage.account_state import AccountState
from tradewire.calendars.load import CalendarShelf
from tradewire.domain.clock import Clock
from tradewire.domain.session import SessionCalendar


class SessionEnv:
    """See `tradewire.contract.broker.Env`."""

    def __init__(self, clock: Clock, state: AccountState, calendars: CalendarShelf) -> None:
        self._clock = clock
        self._state = state
        self._calendars = calendars

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def state(self) -> AccountState:
        return self._state

    async def calendar(self, name: str) -> SessionCalendar:
        return await self._calendars.get(name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
