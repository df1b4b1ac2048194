"""Planning an account and storing what its broker tells take turns, so that a plan is seldom made in vain.

A courtesy only, bounded in time: a plan that was overtaken all the same is void, and made again.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

#: Neither side waits longer for the other.
LONGEST_S = 0.25


class _Turn:
    """One who waits on an event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._come = asyncio.Event()

    async def wait(self) -> None:
        """Raises `TimeoutError` if it does not come in time."""
        async with asyncio.timeout(LONGEST_S):
            await self._come.wait()

    def give(self) -> None:
        """From any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._come.set)


class Turns:
    """Of all accounts of one process. Plans are made in threads, reports are stored from event loops."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: The accounts that are planned, with the reports that wait for it.
        self._planned: dict[str, list[_Turn]] = {}
        #: How many batches of reports are being stored, or are to be next.
        self._reporting: Counter[str] = Counter()

    @contextmanager
    def planning(self, account_id: str) -> Iterator[None]:
        """Waits, blocking, until the reports that came before are stored; what comes from now on waits.

        One at a time for an account.
        """
        with self._changed:
            waiting = self._planned[account_id] = []
            self._changed.wait_for(lambda: not self._reporting[account_id], LONGEST_S)
        try:
            yield
        finally:
            with self._changed:
                del self._planned[account_id]
                # Counted here already, or the next plan would be begun before they have noticed.
                for turn in waiting:
                    self._reporting[account_id] += 1
                    turn.give()

    @asynccontextmanager
    async def reporting(self, account_id: str) -> AsyncIterator[None]:
        """Waits until the plan under way is stored; the next one waits for it."""
        await self._begun(account_id)
        try:
            yield
        finally:
            with self._changed:
                self._over(account_id)

    async def _begun(self, account_id: str) -> None:
        with self._changed:
            waiting = self._planned.get(account_id)
            if waiting is None:
                self._reporting[account_id] += 1
                return
            turn = _Turn()
            waiting.append(turn)
        try:
            await turn.wait()
        except TimeoutError:
            with self._changed:
                if self._is_waiting(account_id, turn):
                    self._planned[account_id].remove(turn)
                    self._reporting[account_id] += 1
        except BaseException:
            with self._changed:
                if self._is_waiting(account_id, turn):
                    self._planned[account_id].remove(turn)
                else:
                    self._over(account_id)
            raise

    def _is_waiting(self, account_id: str, turn: _Turn) -> bool:
        return turn in self._planned.get(account_id, ())

    def _over(self, account_id: str) -> None:
        self._reporting[account_id] -= 1
        if not self._reporting[account_id]:
            del self._reporting[account_id]
            self._changed.notify_all()
