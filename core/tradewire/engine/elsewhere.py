"""What the workers tell of prices and accounts, for a process that has no session of its own."""

from decimal import Decimal
from functools import partial

from tradewire.brokerage.worker_report import AccountStanding
from tradewire.contract.capabilities import Capabilities
from tradewire.domain.clock import Clock
from tradewire.engine import roll
from tradewire.engine.roll import WorkerRow
from tradewire.store.database import Store


class Elsewhere:
    """As old as its last `refresh`, and each worker's part as that worker's last sweep."""

    def __init__(self, store: Store, clock: Clock, lease_s: float) -> None:
        self._store = store
        self._read = partial(roll.read_roll, lease_s=lease_s)
        self._clock = clock
        self.workers: tuple[WorkerRow, ...] = ()

    def refresh_now(self) -> None:
        self.workers = self._store.read_now(partial(self._read, now=self._clock.now()))

    async def refresh(self) -> None:
        self.workers = await self._store.read(partial(self._read, now=self._clock.now()))

    def standing(self, account_id: str) -> AccountStanding | None:
        """How the account stands with the living worker that serves it."""
        for worker in self.workers:
            if worker.is_alive and account_id in worker.accounts:
                return next((one for one in worker.report.accounts if one.account_id == account_id), None)
        return None

    def capabilities(self, account_id: str) -> Capabilities | None:
        """What a connected account can do; None while it is not connected."""
        standing = self.standing(account_id)
        return standing.capabilities if standing is not None and standing.ready else None

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        """The last known price, however old; None where there was none."""
        marks = [
            mark
            for worker in self.workers
            for mark in worker.report.marks
            if (mark.account_id, mark.instrument_id) == (account_id, instrument_id)
        ]
        return max(marks, key=lambda mark: mark.fetched_at).price if marks else None

    def rate(self, currency: str, base: str) -> Decimal | None:
        if currency == base:
            return Decimal(1)
        rates = (rate for worker in self.workers for rate in worker.report.rates)
        return next((one.rate for one in rates if (one.currency, one.base) == (currency, base)), None)
