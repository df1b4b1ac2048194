"""Fetching what planning asked for: symbols, quotes, rates and calendars; once each, within a deadline."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.market_view import Want, WantKind
from tradewire.brokerage.marks import Publish
from tradewire.brokerage.unusable import figure, flaw_of_instrument, flaw_of_quote
from tradewire.calendars.load import CalendarShelf
from tradewire.contract.broker import Session
from tradewire.domain.instrument import Instrument

log = structlog.get_logger()

#: What is not there after so many seconds is taken as not to be had, and asked for again later.
DEADLINE_S = 2.0


class Wants:
    """Lives as long as one open session."""

    def __init__(
        self,
        account_id: str,
        session: Session,
        memory: MarketMemory,
        calendars: CalendarShelf,
        base_currency: str,
        on_met: Callable[[], None],
        publish: Publish | None = None,
    ) -> None:
        """`on_met` is called whenever a want was met or given up; `publish` is told every quote first."""
        self._account_id = account_id
        self._session = session
        self._memory = memory
        self._calendars = calendars
        self._base_currency = base_currency
        self._on_met = on_met
        self._publish = publish
        self._tasks: dict[Want, asyncio.Task[None]] = {}

    def ask(self, want: Want) -> None:
        if want not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._meet(want))
            self._tasks[want] = task
            task.add_done_callback(lambda _: self._tasks.pop(want, None))

    def stop(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def expect(self, symbol: str) -> None:
        """Have a symbol and its quote at hand, because an order for it is on its way."""
        known = self._memory.resolved.get((self._account_id, symbol))
        if known is None:
            await self._meet(Want(kind=WantKind.RESOLVE, account_id=self._account_id, key=symbol))
            known = self._memory.resolved.get((self._account_id, symbol), ())
        for instrument in known:
            self.ask(Want(kind=WantKind.QUOTE, account_id=self._account_id, key=instrument.id))

    async def _meet(self, want: Want) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                met = await self._fetch(want)
        except TimeoutError:
            met = False
        except Exception as error:  # noqa: BLE001 - guardians are told that it is missing, and block
            log.warning(
                "The broker could not be asked.", want=want.key, error=f"{type(error).__name__}: {error}"
            )
            met = False
        if not met:
            self._memory.miss(want)
        self._on_met()

    async def _fetch(self, want: Want) -> bool:
        if want.kind is WantKind.RESOLVE:
            found = tuple(await self._session.resolve(want.key))
            self._memory.resolve(self._account_id, want.key, _usable(want.key, found))
            return True
        if want.kind is WantKind.QUOTE:
            return await self._quote(want.key)
        if want.kind is WantKind.RATE:
            rate = figure(await self._session.rate(want.key, self._base_currency))
            # At a rate of zero no position would be worth anything, and no limit would hold.
            if rate is None or rate <= 0:
                return False
            self._memory.rates[(want.key, self._base_currency)] = rate
            return True
        if want.kind is WantKind.EQUITY:
            return await self._equity()
        self._memory.calendars[want.key] = await self._calendars.get(want.key)
        return True

    async def _equity(self) -> bool:
        balances = await self._session.balances()
        equity = None if balances is None else figure(balances.equity)
        if balances is None or equity is None:
            return False
        self._memory.saw_balances(self._account_id, figure(balances.cash), equity)
        return True

    async def _quote(self, instrument_id: str) -> bool:
        instrument = self._memory.instruments.get((self._account_id, instrument_id))
        if instrument is None:
            # Held, but never ordered here: the broker's own name of it is the only one there is.
            found = await self._session.resolve(instrument_id)
            usable = _usable(instrument_id, found)
            instrument = next((one for one in usable if one.id == instrument_id), None)
        if instrument is None:
            return False
        quote = await self._session.quote(instrument)
        if quote is None or flaw_of_quote(quote) is not None:
            return False
        if self._publish is not None:
            await self._publish(quote)
        self._memory.instruments[(self._account_id, instrument_id)] = instrument
        self._memory.saw(self._account_id, quote)
        return True


def _usable(symbol: str, found: Sequence[Instrument]) -> tuple[Instrument, ...]:
    flaws = [flaw_of_instrument(one) for one in found]
    for why in flaws:
        if why is not None:
            log.warning("An instrument that the broker tells cannot be used.", symbol=symbol, why=why)
    return tuple(one for one, why in zip(found, flaws, strict=True) if why is None)
