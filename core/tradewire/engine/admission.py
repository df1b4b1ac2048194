"""Whether a pending parent may start: resolved, sized, judged and reserved. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.contract.guardian import GuardedOrder, GuardView
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import Algorithm, AlgorithmState
from tradewire.domain.base import Struct
from tradewire.domain.exposure import Exposure
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose
from tradewire.domain.quantity import canonical, round_down
from tradewire.domain.verdict import Decision, Scope, Verdict, combine
from tradewire.engine.account_view import AccountView, EngineLimits, MarketView, SeenQuote, Want, WantKind
from tradewire.engine.changes import Changes
from tradewire.engine.exposures import Price, exposures, in_scope
from tradewire.engine.guarding import SCOPES, Judge, who_is_asked
from tradewire.engine.sizing import NoSize, Size, entry_size, exit_size
from tradewire.engine.stepping import Stepper, blueprint_params
from tradewire.plugins import Plugins


class Waiting(Struct):
    """Not now: the reason, and whether it is worth showing to the user."""

    reason: str
    shown: bool = False


class Admission:
    """Admits parents of one account at one moment, each seeing the reservations of the last."""

    def __init__(
        self,
        view: AccountView,
        market: MarketView,
        plugins: Plugins,
        judge: Judge,
        limits: EngineLimits,
        changes: Changes,
        stepper: Stepper,
    ) -> None:
        self._view = view
        self._market = market
        self._plugins = plugins
        self._judge = judge
        self._limits = limits
        self._changes = changes
        self._stepper = stepper
        self._by_id = {one.id: one for one in view.instruments.values()}

    def admit(self, parent: ParentOrder, instrument: Instrument) -> Waiting | None:
        """Admit, end, or leave waiting. After an admission the parent is WORKING and its quantity reserved."""
        algorithm = self._view.algorithms.get(parent.algorithm_id)
        if algorithm is None or (
            parent.purpose is Purpose.ENTRY and algorithm.state is not AlgorithmState.STARTED
        ):
            why = (algorithm.state_reason if algorithm else None) or "stopped"
            self._block(
                parent, "algorithm_stopped", f"The algorithm was stopped before this was admitted ({why})."
            )
            return None
        opposing = self._opposing(parent, instrument)
        if opposing:
            for other in opposing:
                self._stepper.request_cancel(
                    other, "a later signal of the same algorithm closes or reverses it"
                )
            if any(self._changes.parents[other.id].state.is_live for other in opposing):
                return Waiting(
                    reason="The algorithm's own earlier orders are being cancelled first.", shown=True
                )
        size = self._size(parent, instrument)
        if isinstance(size, NoSize):
            self._end(parent, ParentState.SKIPPED, size.reason, size.message)
            return None
        missing = self._wants(parent, instrument)
        if missing:
            self._changes.wants |= missing
            return Waiting(reason="The broker is being asked for prices.")
        return self._judged(parent, algorithm, instrument, size)

    def views(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, released: bool
    ) -> Mapping[Scope, GuardView]:
        """What the guardians of each scope see of `parent`, which is not part of the exposures shown."""
        signal = self._view.signals[parent.signal_id]
        quote = self.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        views: dict[Scope, GuardView] = {}
        for scope in SCOPES:
            found = self._exposures(scope, parent)
            own = found.get(instrument.id) or Exposure(
                instrument_id=instrument.id,
                multiplier=instrument.multiplier,
                **self._price(parent, instrument),
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
                rate=self._rate(instrument.currency),
                exposure=own,
                exposures=tuple(found.values()) if instrument.id in found else (*found.values(), own),
                switches=self._view.switches,
                same_content_at=self._view.same_content_at.get(parent.id),
                calendar=self._market.calendars.get(instrument.calendar),
                equity=self._market.equity,
                released=released,
            )
        return views

    def verdicts(
        self,
        parent: ParentOrder,
        algorithm: Algorithm,
        instrument: Instrument,
        size: Size,
        live_only: bool = False,
    ) -> tuple[Verdict, ...]:
        """Every configured and mandatory guardian's verdict on `parent` at `size`."""
        order = GuardedOrder(
            parent_id=parent.id,
            account_id=parent.account_id,
            purpose=parent.purpose,
            symbol=parent.symbol,
            instrument=instrument,
            side=size.side,
            quantity=size.quantity,
            order_type=parent.order_type or self._usual_type(parent),
            limit_price=parent.limit_price,
            stop_price=parent.stop_price,
            time_in_force=parent.time_in_force,
            test=parent.test,
        )
        asked = who_is_asked(
            self._plugins,
            {
                Scope.GLOBAL: self._limits.global_guardians,
                Scope.ACCOUNT: self._view.account.guardians,
                Scope.ALGORITHM: algorithm.guardians,
            },
        )
        views = self.views(parent, algorithm, instrument, released=live_only)
        return self._judge.judge(order, views, asked, live_only)

    def quote(self, account_id: str, instrument_id: str, age_s: float) -> Quote | None:
        seen = self._market.quotes.get((account_id, instrument_id))
        return seen.quote if seen is not None and self._is_fresh(seen, age_s) else None

    def _judged(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, size: Size
    ) -> Waiting | None:
        sized = self._changes.change(
            parent, instrument_id=instrument.id, side=size.side, quantity=size.quantity, detail=None
        )
        verdicts = self.verdicts(sized, algorithm, instrument, size)
        self._changes.verdicts.append((parent.id, verdicts))
        verdict = combine(verdicts, size.quantity)
        self._note_verdicts(sized, verdicts, verdict)
        if verdict.decision is Decision.DELAY and verdict.until is not None:
            self._changes.change(sized, wake_at=verdict.until, detail=verdict.message)
            return Waiting(reason=verdict.message)
        if verdict.decision is Decision.BLOCK:
            self._block(sized, verdict.reason, verdict.message)
            return None
        if verdict.decision is Decision.TRIM:
            trimmed = round_down(min(verdict.quantity or Decimal(0), size.quantity), instrument.lot)
            if trimmed <= 0:
                self._block(sized, verdict.reason, f"{verdict.message} Nothing is left of the order.")
                return None
            sized = self._changes.change(sized, quantity=trimmed, detail=verdict.message)
        self._start(sized, algorithm, instrument)
        return None

    def _start(self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument) -> None:
        try:
            blueprint = self._plugins.blueprint(parent.blueprint)
            params = blueprint_params(self._plugins, algorithm, parent.blueprint)
            problems = blueprint.validate(parent, params, instrument, self._market.capabilities)
        except (Unhonoured, msgspec.ValidationError) as error:
            problems = (str(error),)
        except Exception as error:  # noqa: BLE001 - a blueprint that cannot judge its parameters works nothing
            problems = (f"The blueprint {parent.blueprint!r} failed with {type(error).__name__}: {error}.",)
        if problems:
            self._block(parent, "cannot_be_worked", " ".join(problems))
            return
        if parent.test and self._view.account.mode is AccountMode.LIVE:
            self._end(
                parent, ParentState.TESTED, "test", "TEST: everything passed; on a live account it ends here."
            )
            return
        admitted = self._changes.change(
            parent, state=ParentState.WORKING, admitted_at=self._view.now, reason=None, wake_at=None
        )
        self._note(
            admitted,
            EntryKind.PARENT_ADMITTED,
            admitted.detail,
            instrument=instrument.id,
            side=admitted.side.value if admitted.side else None,
            quantity=canonical(admitted.quantity or Decimal(0)),
        )
        quote = self.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        self._stepper.step(admitted, algorithm, instrument, quote)

    def _size(self, parent: ParentOrder, instrument: Instrument) -> Size | NoSize:
        if parent.purpose is Purpose.EXIT:
            return exit_size(
                parent.quantity,
                self._held(parent.account_id, parent.algorithm_id, instrument.id),
                self._held(parent.account_id, "", instrument.id),
                instrument,
            )
        if parent.side is None:
            return NoSize(reason="no_side", message="The order says neither buy nor sell.")
        return entry_size(parent.side, parent.quantity, instrument)

    def _held(self, account_id: str, algorithm_id: str, instrument_id: str) -> Decimal:
        return sum(
            (
                one.quantity
                for one in self._view.holdings
                if (one.account_id, one.algorithm_id, one.instrument_id)
                == (account_id, algorithm_id, instrument_id)
            ),
            Decimal(0),
        )

    def _opposing(self, parent: ParentOrder, instrument: Instrument) -> list[ParentOrder]:
        """The algorithm's own admitted orders in this lane that an exit or an opposite entry must end first."""
        return [
            other
            for other in self._changes.parents.values()
            if other.seq < parent.seq
            and other.algorithm_id == parent.algorithm_id
            and other.instrument_id == instrument.id
            and other.state in (ParentState.WORKING, ParentState.PAUSED)
            and (parent.purpose is Purpose.EXIT or other.side is not parent.side)
        ]

    def _exposures(self, scope: Scope, parent: ParentOrder) -> dict[str, Exposure]:
        account, algorithm = parent.account_id, parent.algorithm_id
        holdings = [one for one in self._view.holdings if in_scope(scope, account, algorithm, one)]
        parents = [
            one
            for one in (*self._changes.parents.values(), *self._view.others)
            if one.id != parent.id and in_scope(scope, account, algorithm, one)
        ]
        foreign = self._market.foreign if scope is not Scope.ALGORITHM else ()
        instruments = {one.instrument_id: one.account_id for one in holdings} | {
            one.instrument_id: one.account_id for one in parents if one.instrument_id is not None
        }
        currencies = {one.instrument_id: one.currency for one in self._view.holdings}
        currencies |= {one.id: one.currency for one in self._by_id.values()}
        prices = {
            instrument_id: Price(
                mark=self._mark(owner, instrument_id), rate=self._rate(currencies.get(instrument_id))
            )
            for instrument_id, owner in instruments.items()
        }
        multipliers = {one.instrument_id: one.multiplier for one in self._view.holdings}
        multipliers |= {one.id: one.multiplier for one in self._by_id.values()}
        return exposures(holdings, parents, foreign, prices, multipliers)

    def _wants(self, parent: ParentOrder, instrument: Instrument) -> set[Want]:
        """What has to be fetched before the guardians can judge, less what could not be had just now."""
        account = parent.account_id
        wanted: set[Want] = set()
        if self.quote(account, instrument.id, self._limits.quote_age_s) is None:
            wanted.add(Want(kind=WantKind.QUOTE, account_id=account, key=instrument.id))
        held = {(one.account_id, one.instrument_id) for one in self._view.holdings if one.quantity != 0}
        held |= {
            (one.account_id, one.instrument_id)
            for one in (*self._changes.parents.values(), *self._view.others)
            if one.instrument_id is not None
        }
        wanted |= {
            Want(kind=WantKind.QUOTE, account_id=owner, key=instrument_id)
            for owner, instrument_id in held
            if self._mark(owner, instrument_id) is None
        }
        for currency in {instrument.currency, *(one.currency for one in self._view.holdings if one.quantity)}:
            if self._rate(currency) is None:
                wanted.add(Want(kind=WantKind.RATE, account_id=account, key=currency))
        if instrument.calendar not in self._market.calendars:
            wanted.add(Want(kind=WantKind.CALENDAR, account_id=account, key=instrument.calendar))
        return wanted - self._market.missing

    def _mark(self, account_id: str, instrument_id: str) -> Decimal | None:
        quote = self.quote(account_id, instrument_id, self._limits.mark_age_s)
        return quote.mid if quote is not None else None

    def _rate(self, currency: str | None) -> Decimal | None:
        if currency == self._limits.base_currency:
            return Decimal(1)
        return self._market.rates.get((currency or "", self._limits.base_currency))

    def _is_fresh(self, seen: SeenQuote, age_s: float) -> bool:
        return self._view.now - seen.fetched_at <= timedelta(seconds=age_s)

    def _usual_type(self, parent: ParentOrder) -> OrderType:
        types = self._plugins.blueprint(parent.blueprint).order_types
        return next(iter(types)) if len(types) == 1 else OrderType.MARKET

    def _block(self, parent: ParentOrder, reason: str, message: str) -> None:
        self._end(parent, ParentState.BLOCKED, reason, message)

    def _end(self, parent: ParentOrder, state: ParentState, reason: str, message: str) -> None:
        self._stepper.end(parent, state, reason, message)

    def _note_verdicts(self, parent: ParentOrder, verdicts: tuple[Verdict, ...], combined: Verdict) -> None:
        self._note(
            parent,
            EntryKind.PARENT_GUARDED,
            combined.message,
            decision=combined.decision.value,
            code=combined.reason,
            verdicts=[
                {
                    "guardian": one.guardian,
                    "scope": one.scope.value,
                    "decision": one.decision.value,
                    "reason": one.reason,
                    "message": one.message,
                    "value": one.value,
                    "limit": one.limit,
                    "headroom": one.headroom,
                }
                for one in verdicts
            ],
        )

    def _note(self, parent: ParentOrder, kind: EntryKind, reason: str | None, **data: object) -> None:
        self._changes.entries.append(entry_of(parent, kind, self._view.now, reason, **data))


def entry_of(parent: ParentOrder, kind: EntryKind, at: datetime, reason: str | None, **data: object) -> Entry:
    """A ledger entry about a parent."""
    return Entry(
        at=at,
        kind=kind,
        signal_id=parent.signal_id,
        parent_id=parent.id,
        account_id=parent.account_id,
        algorithm_id=parent.algorithm_id,
        reason=reason,
        data=data,  # type: ignore[arg-type]
    )
