"""Turning away: one row for the owner to see, and slower each time for whoever repeats one wrong key."""

import asyncio
import hashlib
import logging
import os
from datetime import date
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from tradewire.domain.clock import Clock
from tradewire.ingress.answers import Answer, unauthorized
from tradewire.ingress.refusals import Refusal, record
from tradewire.ingress.request import Received
from tradewire.security.keys import last4
from tradewire.security.lockout import Lockout
from tradewire.store.database import Store, StoreUnavailable

_log = logging.getLogger(__name__)

#: A refusal is answered whether or not its row could be written in this time, in seconds.
_ROW_WITHIN_S = 0.5


class Turnstile:
    """Keeps refusals, and counts wrong keys per (source, key)."""

    def __init__(self, store: Store, clock: Clock, lockout: Lockout, most_per_day: int) -> None:
        self._store = store
        self._clock = clock
        self._lockout = lockout
        self._most_per_day = most_per_day
        self._full_on: date | None = None
        self._pepper = os.urandom(32)

    def locked(self, source: str, key: str | None) -> Answer | None:
        """The answer to a pair that was wrong too often, without a look at the store."""
        if key is None or not self._lockout.is_locked(source, self._digest(key)):
            return None
        return unauthorized(
            "locked",
            "Invalid API Key: this key was wrong too often from this address and is not looked "
            "at for a while. Other keys are not affected.",
        )

    async def keep(self, request: Received, key: str | None, kind: str) -> None:
        """Count the wrong key and keep the refusal; no failure of the store reaches the sender."""
        if key is not None and self._lockout.count_wrong(request.source, self._digest(key)):
            return
        now = self._clock.now()
        if self._full_on == now.date():
            return
        refusal = Refusal(
            at=now,
            source=request.source,
            provider=request.provider,
            last4=last4(key) or None if key is not None else None,
            kind=kind,
        )
        unit = partial(record, refusal=refusal, most_per_day=self._most_per_day)
        try:
            async with asyncio.timeout(min(_ROW_WITHIN_S, request.time_left_s)):
                room = await self._store.write(unit)
        except (StoreUnavailable, SQLAlchemyError, TimeoutError) as error:
            _log.warning("A refused message could not be kept (%s).", type(error).__name__)
            return
        if not room:
            self._full_on = now.date()

    def _digest(self, key: str) -> str:
        return hashlib.blake2b(
            key.encode("utf-8", "surrogatepass"), key=self._pepper, digest_size=16
        ).hexdigest()
