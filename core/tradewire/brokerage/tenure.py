"""A lease as the process that took it holds it, and what is stored only while it does."""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import TypeVar

from sqlalchemy import Connection

from tradewire.brokerage import leases
from tradewire.brokerage.leases import Lease
from tradewire.domain.clock import Clock
from tradewire.store.database import Store

T = TypeVar("T")


class LeaseLost(Exception):
    """The account's lease was taken anew since; nothing was stored."""


class Tenure:
    """One lease from its taking to its end; it is prolonged, and never comes back.

    `until` is by the monotonic clock and counted from before the database was asked, so it never ends later
    than what the database says.
    """

    def __init__(self, account_id: str, lease: Lease, until: float, clock: Clock) -> None:
        self.account_id = account_id
        self.lease = lease
        self._until = until
        self._clock = clock

    def prolong(self, until: float) -> None:
        if self.outlasts(0):
            self._until = until

    def end(self) -> None:
        self._until = -inf

    def outlasts(self, seconds: float) -> bool:
        """Whether it certainly lasts longer than so many seconds from now."""
        return self._until - self._clock.monotonic() > seconds


class FencedStore:
    """A store as a session uses it: what it writes is stored only while the account's lease is the same.

    So what a process that stood still says afterwards changes nothing of what the next owner did meanwhile.
    """

    def __init__(self, store: Store, tenure: Tenure) -> None:
        self._store = store
        self._tenure = tenure

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """As `Store.write`; raises `LeaseLost` where the lease is another's."""
        try:
            return await self._store.write(partial(_under, tenure=self._tenure, unit=unit))
        except LeaseLost:
            self._tenure.end()
            raise

    async def read(self, unit: Callable[[Connection], T]) -> T:
        return await self._store.read(unit)


def _under(conn: Connection, tenure: Tenure, unit: Callable[[Connection], T]) -> T:
    if not leases.is_held(conn, tenure.account_id, tenure.lease):
        raise LeaseLost(f"The account's lease is not {tenure.lease.owner}'s of epoch {tenure.lease.epoch}.")
    return unit(conn)
