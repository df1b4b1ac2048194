"""The owner's password: it stands before everything that shows a secret again."""

import asyncio

from sqlalchemy import Connection, delete, insert, select

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.security.passwords import hash_password, problem_with, verify_password
from tradewire.services.refusal import Code, Refused
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import owner

_ONLY = 1


class PasswordState(Struct):
    is_set: bool


class Owner:
    """One installation has one owner."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def has_password(self) -> bool:
        return await self._store.read(_stored) is not None

    async def set_password(self, new: str, current: str | None, by: str) -> None:
        """Set the first password, or replace `current`; refuses a wrong `current` or a weak `new`."""
        stored = await self._store.read(_stored)
        if stored is not None:
            await self._check(current or "", stored)
        problem = problem_with(new)
        if problem is not None:
            raise Refused(Code.INVALID, problem)
        hashed = await asyncio.to_thread(hash_password, new)
        now = self._clock.now()

        def unit(conn: Connection) -> None:
            hold(conn, Lock.CONFIGURATION)
            if _stored(conn) != stored:
                raise Refused(Code.CONFLICT, "The password was changed just now; nothing was set.")
            conn.execute(delete(owner))
            conn.execute(insert(owner).values(id=_ONLY, password_hash=hashed, changed_at=now))
            append(conn, [Entry(at=now, kind=EntryKind.PASSWORD_SET, by=by)])

        await self._store.write(unit)

    async def verify(self, password: str) -> None:
        """Return if it is the owner's password; refuse in words otherwise."""
        stored = await self._store.read(_stored)
        if stored is None:
            raise Refused(Code.FORBIDDEN, "No password is set yet; set one with `tradewire password`.")
        await self._check(password, stored)

    async def _check(self, password: str, stored: str) -> None:
        if not await asyncio.to_thread(verify_password, password, stored):
            raise Refused(Code.FORBIDDEN, "That is not the owner's password.")


def _stored(conn: Connection) -> str | None:
    found: str | None = conn.execute(select(owner.c.password_hash)).scalar()
    return found
