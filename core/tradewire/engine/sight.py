"""What guardians are shown of one order: exposures, prices and facts, or what must be fetched first. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

import msgspec

from tradewire.brokerage.market_view import MarketView, SeenQuote, Want, WantKind
from tradewire.contract.guardian import GuardView
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.exposure import Exposure
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ParentOrder
from tradewire.domain.verdict import Scope
from tradewire.engine.account_view import AccountView, EngineLimits, Holding
from tradewire.engine.changes import Changes
from tradewire.engine.exposures import Price, exposures, in_scope
from tradewire.engine.guarding import SCOPES
from tradewire.engine.tally import Tally


class Sight:
    """One account at one moment, with the reservations that the plan under way has made so far."""

    def __init__(self, view: AccountView, market: MarketView, limits: EngineLimits, changes: Changes) -> None:
        self._view = view
        self._market = market
        self._limits = limits
        self._changes = changes
        self._tallies: dict[tuple[Scope, str], tuple[Tally, int]] = {}
        #: Ids of the parents that have changed, in the order in which that was noticed.
        self._news: list[str] = []
        self._heard: dict[str, ParentOrder] = {}
        self._resolved: dict[str, Instrument] = {}
        self._instruments: dict[str, Instrument] = {}

    def views(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, released: bool
    ) -> Mapping[Scope, GuardView]:
        """What the guardians of each scope see of `parent`, which is not part of the exposures shown."""
        signal = self._view.signals[parent.signal_id]
        quote = self.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        same_content_at = self._same_content_at(parent)
        self._hear()
        views: dict[Scope, GuardView] = {}
        for scope in SCOPES:
            found = self._exposures(scope, parent)
            own = found.get(instrument.id) or Exposure(
                instrument_id=instrument.id,
                multiplier=instrument.multiplier,
                mark=self.mark(parent.account_id, instrument.id),
                rate=self.rate(instrument.currency),
            )
            views[scope] = GuardView(
                now=self._view.now,
                scope=scope,
                params=None,
                algorithm=algorithm,
                message=signal.message,
                received_at=signal.received_at,
                quote=quote,
                base_currency=self._limits.base_currency,
                rate=self.rate(instrument.currency),
                exposure=own,
                exposures=tuple(found.values()) if instrument.id in found else (*found.values(), own),
                switches=self._view.switches,
                same_content_at=same_content_at,
                calendar=self._market.calendars.get(instrument.calendar),
                equity=self._market.equity,
                released=released,
                queued=time_queued(parent),
            )
        return views

    def unpriced_views(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument
    ) -> Mapping[Scope, GuardView]:
        """The same without prices and exposures, for what judges by the signal's times alone."""
        signal = self._view.signals[parent.signal_id]
        blank = Exposure(instrument_id=instrument.id, multiplier=instrument.multiplier)
        view = GuardView(
            now=self._view.now,
            scope=Scope.ALGORITHM,
            params=None,
            algorithm=algorithm,
            message=signal.message,
            received_at=signal.received_at,
            base_currency=self._limits.base_currency,
            exposure=blank,
            exposures=(blank,),
            switches=self._view.switches,
            queued=time_queued(parent),
        )
        return {scope: msgspec.structs.replace(view, scope=scope) for scope in SCOPES}

    def quote(self, account_id: str, instrument_id: str, age_s: float) -> Quote | None:
        seen = self._market.quotes.get((account_id, instrument_id))
        return seen.quote if seen is not None and self._is_fresh(seen, age_s) else None

    def held(self, account_id: str, algorithm_id: str, instrument_id: str) -> Decimal:
        return sum(
            (
                one.quantity
                for one in self._view.holdings
                if (one.account_id, one.algorithm_id, one.instrument_id)
                == (account_id, algorithm_id, instrument_id)
            ),
            Decimal(0),
        )

    def wants(self, parent: ParentOrder, instrument: Instrument, with_calendar: bool) -> set[Want]:
        """What has to be fetched before the guardians can judge, less what could not be had just now."""
        account = parent.account_id
        wanted: set[Want] = set()
        if self.quote(account, instrument.id, self._limits.quote_age_s) is None:
            wanted.add(Want(kind=WantKind.QUOTE, account_id=account, key=instrument.id))
        wanted |= self._unmarked
        wanted |= self._without_mark(self._changes.changed_parents.values())
        for currency in {instrument.currency, *self._currencies}:
            if self.rate(currency) is None:
                wanted.add(Want(kind=WantKind.RATE, account_id=account, key=currency))
        if with_calendar and instrument.calendar not in self._market.calendars:
            wanted.add(Want(kind=WantKind.CALENDAR, account_id=account, key=instrument.calendar))
        return wanted - self._market.missing

    @cached_property
    def _unmarked(self) -> set[Want]:
        """Marks that are missing of what is held, and of what parents were about when the plan began."""
        held = [one for one in self._view.holdings if one.quantity != 0]
        return self._without_mark([*held, *self._view.parents, *self._view.others])

    def _without_mark(self, those: Iterable[Holding | ParentOrder]) -> set[Want]:
        named = {(one.account_id, one.instrument_id) for one in those if one.instrument_id is not None}
        return {
            Want(kind=WantKind.QUOTE, account_id=owner, key=instrument_id)
            for owner, instrument_id in named
            # A fresh quote without any price is all there is to have; asked for again it would come again.
            if self.quote(owner, instrument_id, self._limits.mark_age_s) is None
        }

    @cached_property
    def _currencies(self) -> frozenset[str]:
        return frozenset(one.currency for one in self._view.holdings if one.quantity)

    def _exposures(self, scope: Scope, parent: ParentOrder) -> dict[str, Exposure]:
        """By instrument; in the global scope other accounts' stand beside this one's and never offset it."""
        algorithm = parent.algorithm_id if scope is Scope.ALGORITHM else ""
        tally, seen = self._tallies.get((scope, algorithm)) or (
            self._begun(scope, algorithm),
            len(self._news),
        )
        for id_ in self._news[seen:]:
            changed = self._changes.parents[id_]
            if in_scope(scope, self._view.account.id, algorithm, changed):
                tally.note(changed)
        self._tallies[(scope, algorithm)] = (tally, len(self._news))
        return tally.without(parent.id) | (self._theirs if scope is Scope.GLOBAL else {})

    def _hear(self) -> None:
        """Which parents have changed since the last order was looked at."""
        for id_, parent in self._changes.changed_parents.items():
            if self._heard.get(id_) is not parent:
                self._heard[id_] = parent
                self._news.append(id_)

    def _begun(self, scope: Scope, algorithm: str) -> Tally:
        """One scope's exposures as the plan stands; from here on they are kept up."""
        account = self._view.account.id
        holdings = [one for one in self._view.holdings if in_scope(scope, account, algorithm, one)]
        holdings = [one for one in holdings if one.account_id == account]
        parents = [one for one in self._changes.parents.values() if in_scope(scope, account, algorithm, one)]
        foreign = scope is not Scope.ALGORITHM
        lasting = [one.instrument_id for one in holdings]
        lasting += [one.instrument_id for one in self._market.foreign] if foreign else []
        return Tally(self._of_account(account, holdings, parents, foreign), lasting, parents, self._blank)

    @cached_property
    def _theirs(self) -> dict[str, Exposure]:
        """The other accounts' exposures, which this plan does not change.

        Named apart: the same id at another account is not the instrument of the order under judgement.
        """
        holdings, parents = list(self._view.holdings), list(self._view.others)
        owners = {one.account_id for one in holdings} | {one.account_id for one in parents}
        return {
            f"{other}/{instrument_id}": msgspec.structs.replace(one, instrument_id=f"{other}/{instrument_id}")
            for other in owners - {self._view.account.id}
            for instrument_id, one in self._of_account(other, holdings, parents, with_foreign=False).items()
        }

    def _blank(self, instrument_id: str) -> Exposure:
        """Nothing of an instrument of this account."""
        account = self._view.account.id
        known = self._known(account).get(instrument_id)
        held = self._held_here.get(instrument_id)
        if known is not None:
            currency, multiplier = known.currency, known.multiplier
        elif held is not None:
            currency, multiplier = held.currency, held.multiplier
        else:
            currency, multiplier = "", Decimal(1)
        return Exposure(
            instrument_id=instrument_id,
            mark=self.mark(account, instrument_id),
            rate=self.rate(currency),
            multiplier=multiplier,
        )

    @cached_property
    def _held_here(self) -> dict[str, Holding]:
        account = self._view.account.id
        return {one.instrument_id: one for one in self._view.holdings if one.account_id == account}

    def _of_account(
        self, account_id: str, holdings: list[Holding], parents: list[ParentOrder], with_foreign: bool
    ) -> dict[str, Exposure]:
        own = [one for one in holdings if one.account_id == account_id]
        live = [one for one in parents if one.account_id == account_id]
        known = self._known(account_id)
        currencies = {one.instrument_id: one.currency for one in own} | {
            one.id: one.currency for one in known.values()
        }
        multipliers = {one.instrument_id: one.multiplier for one in own} | {
            one.id: one.multiplier for one in known.values()
        }
        named = {one.instrument_id for one in own} | {one.instrument_id for one in live if one.instrument_id}
        prices = {
            one: Price(mark=self.mark(account_id, one), rate=self.rate(currencies.get(one))) for one in named
        }
        return exposures(own, live, self._market.foreign if with_foreign else (), prices, multipliers)

    def _known(self, account_id: str) -> Mapping[str, Instrument]:
        """An account's instruments by id, those resolved just now included."""
        if account_id != self._view.account.id:
            return {id_: one for (owner, id_), one in self._view.elsewhere.items() if owner == account_id}
        if len(self._resolved) != len(self._changes.instruments) or not self._instruments:
            self._resolved = dict(self._changes.instruments)
            found = [*self._view.instruments.values(), *self._resolved.values()]
            self._instruments = {one.id: one for one in found}
        return self._instruments

    def _same_content_at(self, parent: ParentOrder) -> datetime | None:
        """When the last signal of the same content came in on which this algorithm acted."""
        digest = self._view.digests.get(parent.signal_id)
        times = [
            self._view.signals[other.signal_id].received_at
            for other in self._changes.admitted_of(parent.algorithm_id)
            if other.seq < parent.seq
            and other.signal_id != parent.signal_id
            and self._view.digests.get(other.signal_id) == digest
        ]
        ended = self._view.same_content_at.get(parent.id)
        return max([*times, *([ended] if ended else [])], default=None)

    def mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        quote = self.quote(account_id, instrument_id, self._limits.mark_age_s)
        return quote.mid if quote is not None else None

    def rate(self, currency: str | None) -> Decimal | None:
        if currency == self._limits.base_currency:
            return Decimal(1)
        return self._market.rates.get((currency or "", self._limits.base_currency))

    def _is_fresh(self, seen: SeenQuote, age_s: float) -> bool:
        return self._view.now - seen.fetched_at <= timedelta(seconds=age_s)


def time_queued(parent: ParentOrder) -> timedelta:
    """For how long it waited for its market's open."""
    if parent.queued_at is None or parent.queued_until is None:
        return timedelta(0)
    return max(parent.queued_until - parent.queued_at, timedelta(0))
