"""The prices, rates and equity that a size in money is worked out from, and asking for them. Pure."""

from datetime import timedelta
from decimal import Decimal

from tradewire.brokerage.market_view import MarketView, Want, WantKind
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ParentOrder
from tradewire.domain.quantity import is_usable
from tradewire.domain.size import SizeKind
from tradewire.engine.account_view import AccountView, EngineLimits
from tradewire.engine.goals import needs_price
from tradewire.engine.sight import Sight
from tradewire.engine.sizing import Money

_OF_EQUITY = (SizeKind.PERCENT_OF_EQUITY, SizeKind.RISK_PERCENT)


class Valuing:
    """One account at one moment."""

    def __init__(self, view: AccountView, market: MarketView, limits: EngineLimits, sight: Sight) -> None:
        self._view = view
        self._market = market
        self._limits = limits
        self._sight = sight

    def money(self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument) -> Money:
        account = self._view.account
        return Money(
            price=self._price(parent, instrument),
            equity=self._equity(),
            currency=account.currency,
            rates=(self._sight.rate(instrument.currency), self._sight.rate(account.currency)),
            stop_percent=algorithm.sizing.stop_percent,
            multiplier=account.quantity_multiplier,
        )

    def wants(self, parent: ParentOrder, instrument: Instrument) -> set[Want]:
        """What has to be fetched to size `parent`, less what could not be had just now."""
        if not needs_price(parent):
            return set()
        account = self._view.account
        wanted = set()
        if parent.size_kind in _OF_EQUITY and self._equity() is None:
            wanted.add(Want(kind=WantKind.EQUITY, account_id=account.id, key=account.currency))
        if parent.size_kind is not SizeKind.NOTIONAL and self._sight.rate(account.currency) is None:
            wanted.add(Want(kind=WantKind.RATE, account_id=account.id, key=account.currency))
        return wanted - self._market.missing

    def _price(self, parent: ParentOrder, instrument: Instrument) -> Decimal | None:
        """Per unit: the order's own limit, else between bid and ask, else, where there is no quote, the price
        of a signal that came just now."""
        quote = self._sight.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        prices = (parent.limit_price, quote.mid if quote is not None else None, self._signals(parent))
        usable = (one for one in prices if one is not None and is_usable(one) and one > 0)
        return next(usable, None)

    def _signals(self, parent: ParentOrder) -> Decimal | None:
        signal = self._view.signals[parent.signal_id]
        since = min(signal.message.time or signal.received_at, signal.received_at)
        age = self._view.now - since
        return parent.signal_price if age <= timedelta(seconds=self._limits.mark_age_s) else None

    def _equity(self) -> Decimal | None:
        at = self._market.equity_at
        if at is None or self._view.now - at > timedelta(seconds=self._limits.mark_age_s):
            return None
        return self._market.equity
