"""The desk of a bench: what the worker hands over is collected, and the market is what a test says."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from tradewire.brokerage.market_view import MarketView, SeenQuote, Want
from tradewire.contract.capabilities import Capabilities, DedupeClass, Supported
from tradewire.domain.instrument import AssetClass, Instrument, Quote
from tradewire.domain.order import ChildOrder, OrderType, TimeInForce
from tradewire.domain.session import SessionCalendar
from tradewire.testing.clock import FakeClock

PRICE = Decimal(100)
TIMES = (TimeInForce.DAY, TimeInForce.GTC)


def capabilities(dedupe: DedupeClass = DedupeClass.A, extended: bool = False) -> Capabilities:
    """A broker of stocks that takes market and limit orders, the latter perhaps outside the session too."""
    orders = tuple(
        Supported(
            asset_class=AssetClass.STOCK,
            order_type=one,
            times_in_force=TIMES,
            extended_hours=extended and one is OrderType.LIMIT,
        )
        for one in (OrderType.MARKET, OrderType.LIMIT)
    )
    return Capabilities(orders=orders, dedupe=dedupe, short=True, quotes=True)


def stock(symbol: str) -> Instrument:
    return Instrument(id=symbol, symbol=symbol, asset_class=AssetClass.STOCK, currency="USD")


class BenchDesk:
    """Collects what the worker hands over."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.ready = True
        self.dedupe: dict[str, DedupeClass] = {}
        self.symbols: dict[str, tuple[Instrument, ...]] = {}
        self.unpriced: set[str] = set()
        self.unasked: set[Want] = set()
        self.price = PRICE
        self.equity: Decimal | None = None
        self.rates: dict[tuple[str, str], Decimal] = {}
        self.calendars: dict[str, SessionCalendar] = {}
        self.extended = False
        self.queue: list[ChildOrder] = []
        self.cancels: list[ChildOrder] = []
        self.wants: list[Want] = []
        self.wakes: list[datetime] = []
        self.on_market: Callable[[], None] | None = None

    def market(self, account_id: str) -> MarketView:
        now = self._clock.now()
        known = {one.id for found in self.symbols.values() for one in found} - self.unpriced
        quote = {"bid": self.price, "ask": self.price, "last": self.price}
        return MarketView(
            ready=self.ready,
            why_not="" if self.ready else "disconnected",
            capabilities=capabilities(self.dedupe.get(account_id, DedupeClass.A), self.extended),
            quotes={
                (account, one): SeenQuote(quote=Quote(instrument_id=one, at=now, **quote), fetched_at=now)
                for one in known
                for account in (account_id, *self.dedupe)
            },
            resolved=self.symbols,
            rates=self.rates,
            calendars=self.calendars,
            equity=self.equity,
            equity_at=now if self.equity is not None else None,
            missing=frozenset(self.unasked),
        )

    def send(self, children: Sequence[ChildOrder]) -> None:
        self.queue += children

    def cancel(self, children: Sequence[ChildOrder]) -> None:
        self.cancels += children

    def want(self, wants: Iterable[Want]) -> None:
        self.wants += wants

    def wake(self, account_id: str, at: datetime) -> None:
        self.wakes.append(at)
