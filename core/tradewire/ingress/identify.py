"""Reading a message and asking who sent it, under a deadline and off the loop: a plugin that hangs may not
hold up the door."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from tradewire import pipeline
from tradewire.contract.authenticator import Attempt, Caller, Denied, KeyRing
from tradewire.contract.provider import Parsed
from tradewire.domain.base import Struct
from tradewire.ingress.threads import DoorThreads
from tradewire.pipeline import StageFailed
from tradewire.plugins import Plugins

#: What a parser may take; the longest that it may be while every request is answered in time.
PARSE_S = 1.0
#: What all authenticators of one request together may take.
AUTHENTICATE_S = 0.25


class Letter(Struct):
    """A message that was read. `sender` is a failure where an authenticator failed."""

    parsed: Parsed
    sender: Caller | Denied | StageFailed


class Identify:
    """Both in one go, since a change of threads is what costs time here; who is overdue fails his stage, and
    a resend is wanted."""

    def __init__(self, plugins: Plugins, keys: KeyRing) -> None:
        self._plugins = plugins
        self._keys = keys
        self._threads = DoorThreads()

    async def read(
        self, provider: str, body: bytes, path: Mapping[str, str], source: str, at: datetime
    ) -> Letter:
        """The message and who sent it. Raises `StageFailed` where they are overdue, and what
        `pipeline.parse` raises."""
        now = asyncio.get_running_loop().time
        begun = now()
        parsed_at: list[float] = []

        def work() -> Letter:
            parsed = pipeline.parse(self._plugins, provider, body, path)
            parsed_at.append(now())
            attempt = Attempt(provider=provider, source=source, key=parsed.key, at=at)
            try:
                return Letter(parsed=parsed, sender=pipeline.authenticate(self._plugins, attempt, self._keys))
            except StageFailed as failed:
                return Letter(parsed=parsed, sender=failed)

        def until() -> float:
            return parsed_at[0] + AUTHENTICATE_S if parsed_at else begun + PARSE_S

        try:
            return await self._threads.run(work, until)
        except TimeoutError as error:
            if parsed_at:
                raise _overdue("authenticate", "all", AUTHENTICATE_S) from error
            raise _overdue("parse", provider, PARSE_S) from error

    async def __call__(self, attempt: Attempt) -> Caller | Denied:
        """Who it is, or why not. Raises `StageFailed` where an authenticator fails or is overdue."""
        until = asyncio.get_running_loop().time() + AUTHENTICATE_S
        try:
            return await self._threads.run(
                partial(pipeline.authenticate, self._plugins, attempt, self._keys), lambda: until
            )
        except TimeoutError as error:
            raise _overdue("authenticate", "all", AUTHENTICATE_S) from error


def _overdue(stage: str, plugin: str, within_s: float) -> StageFailed:
    return StageFailed(stage, plugin, TimeoutError(f"no answer within {within_s * 1000:.0f} ms"))
