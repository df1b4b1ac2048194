"""All broker sessions on one event loop in a thread of its own; the engine's jobs hand over here."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import methodcaller
from typing import Any, TypeVar

from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.market_view import MarketView, Want
from tradewire.brokerage.session_host import CLOSE_S, SessionHost
from tradewire.brokerage.time_outs_first import TimeOutsFirst
from tradewire.domain.clock import Clock
from tradewire.domain.order import ChildOrder, ParentOrder

T = TypeVar("T")

#: How long submissions under way may still take when stopping; after it they are UNKNOWN.
FINISH_S = 5.0
#: A cancellation can get lost: in an SDK, or where `asyncio.wait_for` of Python 3.11 returns what was done at
#: that very moment. Then it is cancelled again, so often and after so long, and left behind in the end.
CANCELS, CANCEL_S = 8, 0.5


class BrokerDesk:
    """See `tradewire.engine.worker.Desk`; its calls come from any thread and return at once."""

    def __init__(
        self,
        clock: Clock,
        memory: MarketMemory,
        ring: Callable[[str], None],
        elsewhere: Callable[[Want], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """`elsewhere(want)` meets what only an account's session in another process could say."""
        self._clock = clock
        self._memory = memory
        self._ring = ring
        self._elsewhere = elsewhere
        self._hosts: dict[str, SessionHost] = {}
        self._sessions: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._loop = asyncio.SelectorEventLoop(TimeOutsFirst())
        self._thread = threading.Thread(target=self._run, name="tradewire-io", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(self, account_id: str, make: Callable[[], SessionHost]) -> None:
        """Serve an account from now on; `make` is called on the loop."""

        def add() -> None:
            if account_id not in self._hosts:
                host = self._hosts[account_id] = make()
                self._sessions[account_id] = self._begin(host.run())

        self._call(add)

    async def close(self, account_id: str, seconds: float) -> None:
        """Serve an account no more; submissions under way may take so long. Called on the loop."""
        self._disarm(account_id)
        host, session = self._hosts.pop(account_id, None), self._sessions.pop(account_id, None)
        if host is None or session is None:
            return
        await host.stop(seconds)
        session.cancel()
        await asyncio.wait([session], timeout=2 * CLOSE_S)

    def loop_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on the loop until the desk stops."""
        self._call(partial(self._begin, work))

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop; blocks until it is done, and raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """Let submissions end for a moment, close every session, end the loop."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def host(self, account_id: str) -> SessionHost | None:
        return self._hosts.get(account_id)

    async def awaited(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the desk's loop, and wait for it on the caller's."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    # What the engine's jobs call.

    def market(self, account_id: str) -> MarketView:
        return self._memory.view(account_id)

    def send(self, children: Sequence[ChildOrder]) -> None:
        for account_id, group in _by_account(children).items():
            self._on(account_id, methodcaller("send", group))

    def cancel(self, children: Sequence[ChildOrder]) -> None:
        for child in children:
            self._on(child.account_id, methodcaller("cancel", child))

    def want(self, wants: Iterable[Want]) -> None:
        for want in wants:
            self._on(want.account_id, methodcaller("want", want), partial(self._unserved, want))

    def _unserved(self, want: Want) -> None:
        if self._elsewhere is None:
            self._memory.miss(want)
        else:
            self._begin(self._elsewhere(want))

    def expect(self, parents: Iterable[ParentOrder]) -> None:
        for account_id, symbol in {(parent.account_id, parent.symbol) for parent in parents}:
            self._on(account_id, methodcaller("expect", symbol))

    def wake(self, account_id: str, at: datetime) -> None:
        self._call(partial(self._arm, account_id, at))

    def _arm(self, account_id: str, at: datetime) -> None:
        when = self._loop.time() + max((at - self._clock.now()).total_seconds(), 0.0)
        armed = self._timers.get(account_id)
        if armed is not None and armed.when() <= when:
            return
        self._disarm(account_id)
        self._timers[account_id] = self._loop.call_at(when, self._go_off, account_id)

    def _disarm(self, account_id: str) -> None:
        armed = self._timers.pop(account_id, None)
        if armed is not None:
            armed.cancel()

    def _go_off(self, account_id: str) -> None:
        del self._timers[account_id]
        self._ring(account_id)

    def _on(
        self, account_id: str, act: Callable[[SessionHost], None], unserved: Callable[[], None] | None = None
    ) -> None:
        """`unserved` is called where the account has no session in this process."""

        def acting() -> None:
            host = self._hosts.get(account_id)
            if host is not None:
                act(host)
            elif unserved is not None:
                unserved()

        self._call(acting)

    def _call(self, act: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _stop(self) -> None:
        await asyncio.gather(*(host.stop(FINISH_S) for host in self._hosts.values()))
        left = set(self._tasks)
        for _ in range(CANCELS):
            if not left:
                return
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_S)


def _by_account(children: Sequence[ChildOrder]) -> Mapping[str, list[ChildOrder]]:
    groups: dict[str, list[ChildOrder]] = {}
    for child in children:
        groups.setdefault(child.account_id, []).append(child)
    return groups
