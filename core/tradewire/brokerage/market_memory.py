"""What sessions have said of prices and symbols, kept for the planning; and what is being asked just now."""

from datetime import datetime, timedelta
from decimal import Decimal

from tradewire.brokerage.market_view import ForeignOrder, MarketView, SeenQuote, Want
from tradewire.contract.capabilities import Capabilities, DedupeClass
from tradewire.domain.clock import Clock
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.session import SessionCalendar

#: For how long a want that could not be met is taken as "not to be had": the planning goes on without it.
MISSING_S = 5.0

NOTHING = Capabilities(orders=(), dedupe=DedupeClass.C)


class SessionStanding:
    """How one account's session stands."""

    def __init__(self) -> None:
        self.ready = False
        self.epoch: int | None = None
        self.why_not = "not connected yet"
        self.capabilities = NOTHING
        self.foreign: tuple[ForeignOrder, ...] = ()
        self.cash: Decimal | None = None
        self.equity: Decimal | None = None
        self.equity_at: datetime | None = None
        self.since: datetime | None = None


class MarketMemory:
    """Written on the I/O loop, read by worker threads, which take copies."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.standings: dict[str, SessionStanding] = {}
        self.quotes: dict[tuple[str, str], SeenQuote] = {}
        self.resolved: dict[tuple[str, str], tuple[Instrument, ...]] = {}
        self.instruments: dict[tuple[str, str], Instrument] = {}
        self.rates: dict[tuple[str, str], Decimal] = {}
        self.calendars: dict[str, SessionCalendar] = {}
        self.asked: set[Want] = set()
        self._missing: dict[Want, datetime] = {}

    def standing(self, account_id: str) -> SessionStanding:
        return self.standings.setdefault(account_id, SessionStanding())

    def view(self, account_id: str) -> MarketView:
        """What planning for `account_id` may know, as of now."""
        standing = self.standing(account_id)
        now = self._clock.now()
        return MarketView(
            ready=standing.ready,
            epoch=standing.epoch,
            why_not=standing.why_not,
            capabilities=standing.capabilities,
            quotes=dict(self.quotes),
            resolved={
                symbol: found for (owner, symbol), found in list(self.resolved.items()) if owner == account_id
            },
            rates=dict(self.rates),
            calendars=dict(self.calendars),
            foreign=standing.foreign,
            equity=standing.equity,
            equity_at=standing.equity_at,
            missing=frozenset(want for want, until in list(self._missing.items()) if now < until),
        )

    def saw(self, account_id: str, quote: Quote) -> None:
        self.quotes[(account_id, quote.instrument_id)] = SeenQuote(quote=quote, fetched_at=self._clock.now())

    def saw_balances(self, account_id: str, cash: Decimal | None, equity: Decimal | None) -> None:
        """In the account's currency; None for what the broker does not say."""
        standing = self.standing(account_id)
        standing.cash, standing.equity, standing.equity_at = cash, equity, self._clock.now()

    def resolve(self, account_id: str, symbol: str, found: tuple[Instrument, ...]) -> None:
        self.resolved[(account_id, symbol)] = found
        for instrument in found:
            self.instruments[(account_id, instrument.id)] = instrument

    def miss(self, want: Want) -> None:
        self._missing[want] = self._clock.now() + timedelta(seconds=MISSING_S)

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        """The last known price, however old; None where there was none."""
        seen = self.quotes.get((account_id, instrument_id))
        return seen.quote.mid if seen is not None else None

    def rate(self, currency: str, base: str) -> Decimal | None:
        return Decimal(1) if currency == base else self.rates.get((currency, base))
