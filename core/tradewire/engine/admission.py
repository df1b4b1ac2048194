"""Whether a pending parent may start: resolved, sized, judged and reserved. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from tradewire.brokerage.market_view import MarketView
from tradewire.contract.errors import Unhonoured
from tradewire.contract.guardian import GuardedOrder, Need
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import Algorithm, AlgorithmState, ValidityKind
from tradewire.domain.instrument import Instrument
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import Goal, OrderType, ParentOrder, ParentState, Purpose, Side
from tradewire.domain.quantity import canonical, round_down
from tradewire.domain.verdict import Decision, Scope, Verdict, combine
from tradewire.engine.account_view import AccountView, EngineLimits
from tradewire.engine.changes import Changes
from tradewire.engine.goals import SizingBasis, needs_price, size_of
from tradewire.engine.guarding import Asked, Judge, who_is_asked
from tradewire.engine.market_hours import NotWhileClosed, Queued
from tradewire.engine.own_orders import OwnOrders
from tradewire.engine.sessions import Sessions
from tradewire.engine.sight import Sight, time_queued
from tradewire.engine.sizing import NoSize, Size
from tradewire.engine.stepping import Stepper, blueprint_params
from tradewire.engine.valuing import Valuing
from tradewire.engine.waiting import Waiting
from tradewire.plugins import Plugins

#: A guardian that delays is asked again after so long at the earliest.
SHORTEST_DELAY = timedelta(seconds=1)
#: What is pending for so long is asked first whether it is too old by now.
LONG_WAIT = timedelta(seconds=5)


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
        sight: Sight,
        own: OwnOrders,
        sessions: Sessions,
    ) -> None:
        self._own = own
        self._sessions = sessions
        self._valuing = Valuing(view, market, limits, sight)
        self._view = view
        self._market = market
        self._plugins = plugins
        self._judge = judge
        self._limits = limits
        self._changes = changes
        self._stepper = stepper
        self._sight = sight
        #: Ids of those that ended by their age alone, without prices and without the other guardians.
        self.too_late: set[str] = set()

    def admit(self, parent: ParentOrder, instrument: Instrument) -> Waiting | None:
        """Admit, end, or leave waiting. An admitted parent is WORKING, and its quantity reserved."""
        algorithm = self._view.algorithms.get(parent.algorithm_id)
        if algorithm is None or (
            parent.purpose is Purpose.ENTRY and algorithm.state is not AlgorithmState.STARTED
        ):
            why = (algorithm.state_reason if algorithm else None) or "stopped"
            self._block(
                parent, "algorithm_stopped", f"The algorithm was stopped before this was admitted ({why})."
            )
            return None
        close = self._own.close_of(parent)
        if close is not None and close.state.is_live:
            text = "The order that closes the position first is not done yet."
            return Waiting(reason=text, shown=True, bounded=False, own=True)
        if close is not None and close.state is ParentState.TESTED:
            self._tested(parent)
            return None
        waiting = self._own_before(parent, instrument)
        if waiting is not None:
            return waiting
        size = None if needs_price(parent) else self._size(parent, algorithm, instrument)
        if isinstance(size, NoSize):
            self._end_without(parent, size)
            return None
        if self._is_too_late(parent, algorithm, instrument):
            return None
        missing = self._sight.wants(parent, instrument, self._needs_calendar(algorithm))
        missing |= self._valuing.wants(parent, instrument)
        if missing:
            self._changes.wants |= missing
            return Waiting(reason="The broker is being asked for prices.")
        size = size or self._size(parent, algorithm, instrument)
        if isinstance(size, NoSize):
            self._end_without(parent, size)
            return None
        quote = self._sight.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        extended = self._sessions.is_extended(parent, algorithm, instrument, quote)
        if isinstance(extended, Queued):
            return self._sessions.queue(parent, extended)
        if isinstance(extended, NotWhileClosed):
            self._block(parent, extended.reason, extended.message)
            return None
        if self._too_many_entries(parent, algorithm, size, instrument):
            return None
        return self._judged(parent, algorithm, instrument, size, extended)

    def _own_before(self, parent: ParentOrder, instrument: Instrument) -> Waiting | None:
        """What its algorithm's earlier orders keep it waiting for; those it must not meet are cancelled."""
        if self._own.exits_before(parent, instrument):
            return Waiting(reason="The algorithm's own exit before it is not done yet.", shown=True)
        opposing = self._own.opposing(parent, instrument)
        for other in opposing:
            why = "a later signal of the same algorithm closes or reverses it"
            self._stepper.request_cancel(other, why, made_way_for=parent)
        if any(self._changes.parents[other.id].state.is_live for other in opposing):
            return Waiting(reason="The algorithm's own earlier orders are being cancelled first.", shown=True)
        adds_to_nothing = parent.goal is Goal.ADD and self._own.is_flat(parent, instrument)
        if adds_to_nothing and self._own.entries_before(parent, instrument):
            return Waiting(reason="The entry that it adds to has not filled yet.", shown=True, own=True)
        return None

    def verdicts(
        self,
        parent: ParentOrder,
        algorithm: Algorithm,
        instrument: Instrument,
        size: Size,
        live_only: bool = False,
    ) -> tuple[Verdict, ...]:
        """Every configured and mandatory guardian's verdict on `parent` at `size`."""
        order = self._guarded(parent, instrument, size)
        views = self._sight.views(parent, algorithm, instrument, released=live_only)
        return self._judge.judge(order, views, self._asked(algorithm), live_only)

    def _is_too_late(self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument) -> bool:
        """Whether a guardian that judges by age alone blocks what has waited for long; it has ended then.

        In a queue so long that orders grow too old in it, neither prices nor the others are asked about them.
        """
        if self._view.now - parent.created_at - time_queued(parent) < LONG_WAIT:
            return False
        asked = [one for one in self._asked(algorithm) if self._judge.is_early(one)]
        if not asked:
            return False
        size = Size(side=parent.side or Side.BUY, quantity=instrument.lot)
        order = self._guarded(parent, instrument, size)
        verdicts = self._judge.judge(order, self._sight.unpriced_views(parent, algorithm, instrument), asked)
        verdict = combine(verdicts, size.quantity)
        if verdict.decision is not Decision.BLOCK:
            return False
        self.note_verdicts(parent, verdicts, verdict)
        self._block(parent, verdict.reason, verdict.message)
        self.too_late.add(parent.id)
        return True

    def _asked(self, algorithm: Algorithm) -> tuple[Asked, ...]:
        configured = {
            Scope.GLOBAL: self._limits.global_guardians,
            Scope.ACCOUNT: self._view.account.guardians,
            Scope.ALGORITHM: algorithm.guardians,
        }
        return who_is_asked(self._plugins, configured)

    def _guarded(self, parent: ParentOrder, instrument: Instrument, size: Size) -> GuardedOrder:
        return GuardedOrder(
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

    def _judged(
        self,
        parent: ParentOrder,
        algorithm: Algorithm,
        instrument: Instrument,
        size: Size,
        extended: bool,
    ) -> Waiting | None:
        sized = self._changes.change(
            parent,
            instrument_id=instrument.id,
            side=size.side,
            quantity=size.quantity,
            sized=size.sized,
            extended_hours=extended,
            detail=None,
        )
        verdicts = self.verdicts(sized, algorithm, instrument, size)
        verdict = combine(verdicts, size.quantity)
        self.note_verdicts(sized, verdicts, verdict)
        if verdict.decision is Decision.DELAY and verdict.until is not None:
            # Sized again when it comes back; and a guardian that delays into the past is not asked at once.
            until = max(verdict.until, self._view.now + SHORTEST_DELAY)
            self._changes.change(
                sized,
                side=parent.side,
                quantity=parent.quantity,
                sized=None,
                extended_hours=parent.extended_hours,
                wake_at=until,
                detail=verdict.message,
            )
            return Waiting(reason=verdict.message, bounded=False)
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
        # SystemExit too: a plugin may not end a worker.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one that cannot judge works nothing
            problems = (f"The blueprint {parent.blueprint!r} failed with {type(error).__name__}: {error}.",)
        if problems:
            self._block(parent, "cannot_be_worked", " ".join(problems))
            return
        if parent.test and self._view.account.mode is AccountMode.LIVE:
            self._tested(parent)
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
            sized=admitted.sized,
        )
        quote = self._sight.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        self._stepper.step(admitted, algorithm, instrument, quote)

    def _size(self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument) -> Size | NoSize:
        basis = SizingBasis(
            own=self._sight.held(parent.account_id, parent.algorithm_id, instrument.id),
            unattributed=self._sight.held(parent.account_id, "", instrument.id),
            opening=self._own.opening(parent, instrument),
            close=self._own.close_of(parent),
            taken_back=self._own.taken_back(parent),
        )
        return size_of(parent, basis, self._valuing.money(parent, algorithm, instrument), instrument)

    def _too_many_entries(
        self, parent: ParentOrder, algorithm: Algorithm, size: Size, instrument: Instrument
    ) -> bool:
        """Whether the position consists of as many entries as it may; the order has ended then."""
        most = algorithm.max_entries
        if parent.purpose is not Purpose.ENTRY or most is None:
            return False
        count = self._own.entries(parent, size.side, instrument)
        if count < most:
            return False
        text = f"The position consists of {count} entries, and {most} is the most: max_entries."
        self._block(parent, "max_entries", text)
        return True

    def _end_without(self, parent: ParentOrder, size: NoSize) -> None:
        state = ParentState.BLOCKED if size.blocked else ParentState.SKIPPED
        self._end(parent, state, size.reason, size.message)

    def _tested(self, parent: ParentOrder) -> None:
        text = "TEST: everything passed; on a live account it ends here."
        self._end(parent, ParentState.TESTED, "test", text)

    def _needs_calendar(self, algorithm: Algorithm) -> bool:
        return algorithm.validity.kind is ValidityKind.DAY or any(
            self._judge.needs(one, Need.CALENDAR) for one in self._asked(algorithm)
        )

    def _usual_type(self, parent: ParentOrder) -> OrderType:
        blueprint = self._plugins.blueprints.get(parent.blueprint)
        types = blueprint.order_types if blueprint is not None else frozenset()
        return next(iter(types)) if len(types) == 1 else OrderType.MARKET

    def _block(self, parent: ParentOrder, reason: str, message: str) -> None:
        self._end(parent, ParentState.BLOCKED, reason, message)

    def _end(self, parent: ParentOrder, state: ParentState, reason: str, message: str) -> None:
        self._stepper.end(parent, state, reason, message)

    def note_verdicts(self, parent: ParentOrder, verdicts: tuple[Verdict, ...], combined: Verdict) -> None:
        """Record what each guardian said, and what it comes to."""
        self._changes.verdicts.append((parent.id, verdicts))
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

    def _note(self, parent: ParentOrder, kind: EntryKind, reason: str | None, **data: Value) -> None:
        self._changes.entries.append(entry_of(parent, kind, self._view.now, reason, **data))


def entry_of(parent: ParentOrder, kind: EntryKind, at: datetime, reason: str | None, **data: Value) -> Entry:
    """A ledger entry about a parent."""
    return Entry(
        at=at,
        kind=kind,
        signal_id=parent.signal_id,
        parent_id=parent.id,
        account_id=parent.account_id,
        algorithm_id=parent.algorithm_id,
        reason=reason,
        data=data,
    )
