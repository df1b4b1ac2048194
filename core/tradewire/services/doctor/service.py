"""The doctor of one Tradewire: everything that can be seen from inside."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.plugins import Plugins
from tradewire.security.sealing import Secrets
from tradewire.services.doctor.database import database_findings
from tradewire.services.doctor.disk import disk_findings
from tradewire.services.doctor.finding import Diagnosis, Finding, fail
from tradewire.services.doctor.message_broker import message_broker_finding
from tradewire.services.doctor.surroundings import (
    ClockMark,
    clock_finding,
    key_file_finding,
    plugin_finding,
)
from tradewire.services.doctor.workers import worker_findings
from tradewire.services.plugin_list import MissingPlugin
from tradewire.store.database import Store, StoreUnavailable
from tradewire.store.schema import account_states, accounts, keys


class Surroundings(Struct):
    """Where this process keeps its files, and the message broker's URL, which may hold a password."""

    folder: Path
    key_file: Path
    message_broker: str | None = None
    lease_s: float = 30.0

    def __repr__(self) -> str:
        return f"Surroundings(folder={self.folder}, key_file={self.key_file})"


class Doctor:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        plugins: Plugins,
        secrets: Secrets,
        surroundings: Surroundings | None,
        missing: Callable[[], Awaitable[tuple[MissingPlugin, ...]]],
    ) -> None:
        """Without `surroundings` only the database and the plugins are looked at. `missing` tells which
        plugins algorithms and accounts name that are not installed."""
        self._store = store
        self._clock = clock
        self._plugins = plugins
        self._secrets = secrets
        self._around = surroundings
        self._missing = missing
        self._start = ClockMark.of(clock)

    async def look(self) -> Diagnosis:
        """Everything; a database that does not answer is a finding."""
        try:
            missing = await self._missing()
        except StoreUnavailable:
            missing = ()  # the store is a finding itself
        return Diagnosis.of(await asyncio.to_thread(self._look, missing))

    def _look(self, missing: tuple[MissingPlugin, ...]) -> tuple[Finding, ...]:
        around = self._around
        beside: tuple[Finding, ...] = ()
        if around is not None:
            beside = (
                *disk_findings(around.folder, self._clock.monotonic),
                key_file_finding(around.key_file, self._open_sealed),
                message_broker_finding(around.message_broker),
            )
        return (
            *self._stored(30.0 if around is None else around.lease_s),
            clock_finding(self._start, self._clock),
            *beside,
            plugin_finding(self._plugins.records, self._plugins.quarantined, missing),
        )

    def _stored(self, lease_s: float) -> tuple[Finding, ...]:
        now = self._clock.now()
        try:
            return (
                *self._store.read_now(partial(database_findings, now=now)),
                *self._store.read_now(partial(worker_findings, now=now, lease_s=lease_s)),
            )
        except StoreUnavailable as error:
            return (fail("store", str(error), "Nothing is accepted until it answers; webhooks get a 503."),)

    def _open_sealed(self) -> None:
        """Open one of everything that is sealed; raises `Unhonoured` where this key file does not."""

        def unit(conn: Connection) -> list[bytes]:
            found = []
            for column in (accounts.c.credentials, account_states.c.sealed, keys.c.sealed):
                value = conn.execute(select(column).where(column.is_not(None)).limit(1)).scalar()
                if value is not None:
                    found.append(value)
            return found

        try:
            sealed = self._store.read_now(unit)
        except StoreUnavailable as error:
            raise Unhonoured(f"What it opens could not be tried: {error}") from error
        for one in sealed:
            self._secrets.unseal(one)
