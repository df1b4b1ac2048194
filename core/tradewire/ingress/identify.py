"""Asking the authenticators under a deadline, off the loop: one that hangs may not hold up the door."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tradewire import pipeline
from tradewire.contract.authenticator import Attempt, Caller, Denied, KeyRing
from tradewire.pipeline import StageFailed
from tradewire.plugins import Plugins

DEADLINE_S = 0.25
_THREADS = 4


class Identify:
    """All authenticators of one request together may take 250 ms; after that a resend is wanted."""

    def __init__(self, plugins: Plugins, keys: KeyRing) -> None:
        self._plugins = plugins
        self._keys = keys
        self._threads = _new_threads()

    async def __call__(self, attempt: Attempt) -> Caller | Denied:
        """Who it is, or why not. Raises `StageFailed` where an authenticator fails or is overdue."""
        asked = asyncio.get_running_loop().run_in_executor(
            self._threads, pipeline.authenticate, self._plugins, attempt, self._keys
        )
        try:
            return await asyncio.wait_for(asked, DEADLINE_S)
        except TimeoutError as error:
            # The thread that hangs is left behind; the next requests get fresh ones.
            self._threads.shutdown(wait=False)
            self._threads = _new_threads()
            raise StageFailed("authenticate", "all", error) from error


def _new_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="tradewire-authenticate")
