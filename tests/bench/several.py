"""`tradewire serve` and `tradewire worker` on a PostgreSQL and a Valkey of their own."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from bench.machine import NoDisk
from bench.processes import Venue
from bench.relay import ALGORITHM, CASH, Relay
from faults.fleet_stage import exported_by
from integration.fleet import QUICK, Fleet, until
from integration.fleet import Process as FleetProcess
from servers.machine import is_reachable, unprivileged
from servers.postgres import Postgres
from servers.valkey import Valkey
from tradewire.services.accounts import NewAccount
from tradewire.settings import EngineSettings

T = TypeVar("T")

#: What the tests' PostgreSQL does otherwise than a user's.
AS_A_USERS = {"autovacuum": "on", "shared_buffers": "128MB", "checkpoint_timeout": "5min"}


class Several(Relay):
    """One server and the workers that were added; two accounts, so that two workers can share them."""

    accounts = ("venue-1", "venue-2")

    def __init__(self, folder: Path) -> None:
        user = unprivileged()
        folder.mkdir()
        if not is_reachable(folder, user):
            raise NoDisk(
                f"PostgreSQL runs as another user than root, who cannot enter {folder}; "
                "name a folder that anybody may enter with --data."
            )
        self._postgres = Postgres(folder, **AS_A_USERS)
        self._valkey = Valkey()
        self._workers: list[FleetProcess] = []
        self._fleet: Fleet | None = None
        try:
            self._postgres.start()
            self._valkey.start()
            url = self._postgres.create(migrated=True)
            self._fleet = Fleet(folder / "processes", url, self._valkey.url, **_as_shipped())
            self._fleet.prepare()
            self.key = self._fleet.key
            began = time.perf_counter()
            self._door = self._fleet.serve()
            self.ready_s = time.perf_counter() - began
            self.url = self._door.url
        except BaseException:
            self.stop()
            raise

    def add_workers(self, count: int) -> None:
        """Let so many work, each on its share of the accounts."""
        assert self._fleet is not None
        fleet = self._fleet
        while len(self._workers) < count:
            self._workers.append(fleet.worker(f"w{len(self._workers) + 1}"))
        shares = sorted(len(self.accounts[nth::count]) for nth in range(count))

        def shared() -> bool:
            owners = [owner for owner in fleet.owners().values() if owner is not None]
            return sorted(Counter(owners).values()) == shares

        until(shared, lambda: str(fleet.owners()))

    def trade(self, venue: Venue, symbols: Sequence[str]) -> None:
        assert self._fleet is not None
        services = self._fleet.core.services

        async def configure() -> None:
            for account in self.accounts:
                config = {"url": venue.url, "starting_cash": str(CASH)}
                await services.accounts.add(NewAccount(name=account, broker="paper", config=config), "bench")
            for nth, symbol in enumerate(symbols):
                account = self.accounts[nth % len(self.accounts)]
                await services.algorithms.add(ALGORITHM.format(name=symbol, account=account), "bench")
                await services.algorithms.start(symbol, "bench")

        asyncio.run(configure())

    def read(self, work: Callable[[Connection], T]) -> T:
        assert self._fleet is not None
        return self._fleet.core.store.read_now(work)

    def export(self) -> list[str]:
        assert self._fleet is not None
        return exported_by(self._fleet)

    def parts(self) -> dict[str, int]:
        assert self._postgres.process is not None
        workers = {f"worker {nth}": one.process.pid for nth, one in enumerate(self._workers, 1)}
        return {"serve": self._door.process.pid, **workers, "PostgreSQL": self._postgres.process.pid}

    def stop(self) -> None:
        if self._fleet is not None:
            for process in reversed(self._fleet.processes):
                process.stop()
            self._fleet.close()
        self._postgres.remove()
        self._valkey.remove()


def _as_shipped() -> dict[str, Any]:
    """The settings that the tests' processes have otherwise, as they are by default."""
    shipped = EngineSettings()
    return {name: str(getattr(shipped, name.partition("__")[2].lower())) for name in QUICK}
