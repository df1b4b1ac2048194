"""Many accounts at one venue, each with a desk, all in one journal."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from functools import partial

import msgspec

from tradewire import Absent, Clock, Found, SessionCalendar
from tradewire_paper.book import Book, restore
from tradewire_paper.config import PaperConfig
from tradewire_paper.desk import Desk, Receipt, World
from tradewire_paper.faults import FaultScript
from tradewire_paper.journal import Journal
from tradewire_paper.source import prices_of
from tradewire_paper.wire import AccountBook, OpenAccount, Submit

_CURRENCY = "currency"
_OPENED_AT = "opened_at"


class Voided(Exception):
    """A transmission that a look-up has declared dead: its sender no longer counts on it."""


class Venue:
    """Opens accounts on first use and keeps them; `script` is shared by all of them."""

    def __init__(
        self,
        config: PaperConfig,
        journal: Journal,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        calendar: Callable[[str], Awaitable[SessionCalendar]],
    ) -> None:
        self.script = FaultScript(config.faults)
        self._config = config
        self._journal = journal
        self._clock = clock
        self._sleep = sleep
        self._calendar = calendar
        self._desks: dict[str, Desk] = {}
        self._fences: dict[tuple[str, str], int] = {}

    def start(self) -> None:
        """Take up every account where the journal left it; needs a running loop."""
        for name in self._journal.accounts:
            self._open_desk(name)

    async def close(self) -> None:
        for desk in self._desks.values():
            await desk.close()
        self._journal.close()

    @property
    def failure(self) -> BaseException | None:
        """Why an account has stopped trading, if one has."""
        return next((desk.failure for desk in self._desks.values() if desk.failure), None)

    async def open_account(self, wanted: OpenAccount) -> Desk:
        if wanted.account not in self._desks and wanted.account not in self._journal.accounts:
            encode = msgspec.json.encode
            cash = self._config.starting_cash if wanted.starting_cash is None else wanted.starting_cash
            entries = {
                _CURRENCY: encode(wanted.currency),
                _OPENED_AT: encode(self._clock.now()),
                "cash": encode(cash),
            }
            await self._journal.put(wanted.account, entries)
        return self._desks.get(wanted.account) or self._open_desk(wanted.account)

    async def desk(self, account: str) -> Desk:
        """The account's desk; a new account has the venue's own starting cash, in US dollars."""
        return self._desks.get(account) or await self.open_account(OpenAccount(account=account))

    async def submit(self, wanted: Submit) -> Receipt:
        """Raises `Voided` for a transmission that a look-up has overtaken."""
        desk = await self.desk(wanted.account)
        if wanted.attempt <= self._fences.get((wanted.account, wanted.order.client_id), 0):
            raise Voided(f"This transmission of order {wanted.order.client_id} came after it was looked up.")
        return await desk.submit(wanted.order)

    async def find(self, account: str, client_id: str, fence: int) -> Found | Absent:
        """The order, or proof that it is not here and that no transmission up to `fence` will be taken."""
        desk = await self.desk(account)
        # Before the look-up: what passes the fence earlier waits before it for the desk, and is found.
        key = (account, client_id)
        self._fences[key] = max(fence, self._fences.get(key, 0))
        return await desk.find(client_id)

    def books(self) -> tuple[AccountBook, ...]:
        return tuple(_audit(name, desk.book) for name, desk in self._desks.items())

    def _open_desk(self, name: str) -> Desk:
        stored = self._journal.accounts[name]
        currency = msgspec.json.decode(stored[_CURRENCY], type=str)
        world = World(
            clock=self._clock,
            sleep=self._sleep,
            calendar=self._calendar,
            put=partial(self._journal.put, name),
            prices=prices_of(self._config, msgspec.json.decode(stored[_OPENED_AT], type=datetime)),
        )
        desk = Desk(restore(stored, currency, Decimal(0)), self._config, world, self.script)
        desk.start()
        self._desks[name] = desk
        return desk


def _audit(name: str, book: Book) -> AccountBook:
    return AccountBook(
        account=name,
        currency=book.currency,
        cash=book.cash,
        orders=tuple(book.orders.values()),
        executions=tuple(book.trades),
        positions=tuple(book.holdings.values()),
    )
