"""Whether a pending parent may start: resolved, sized, judged and reserved. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from tradewire.brokerage.market_view import MarketView
from tradewire.contract.errors import Unhonoured
from tradewire.contract.guardian import GuardedOrder, Need
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import Algorithm, AlgorithmState, ValidityKind
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose
from tradewire.domain.quantity import canonical, round_down
from tradewire.domain.verdict import Decision, Scope, Verdict, combine
from tradewire.engine.account_view import AccountView, EngineLimits
from tradewire.engine.changes import Changes
from tradewire.engine.guarding import Asked, Judge, who_is_asked
from tradewire.engine.sight import Sight
from tradewire.engine.sizing import NoSize, Size, entry_size, exit_size
from tradewire.engine.stepping import Stepper, blueprint_params
from tradewire.plugins import Plugins

#: A guardian that delays is asked again after so long at the earliest.
SHORTEST_DELAY = timedelta(seconds=1)


class Waiting(Struct):
    """Not now: the reason, and whether it is worth showing to the user.

    `bounded`: for this it waits only so long, and then ends, since too late is no.
    """

    reason: str
    shown: bool = False
    bounded: bool = True


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
    ) -> None:
        self._view = view
        self._market = market
        self._plugins = plugins
        self._judge = judge
        self._limits = limits
        self._changes = changes
        self._stepper = stepper
        self._sight = sight

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
        if self._exits_before(parent, instrument):
            return Waiting(reason="The algorithm's own exit before it is not done yet.", shown=True)
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
        missing = self._sight.wants(parent, instrument, self._needs_calendar(algorithm))
        if missing:
            self._changes.wants |= missing
            return Waiting(reason="The broker is being asked for prices.")
        return self._judged(parent, algorithm, instrument, size)

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
        views = self._sight.views(parent, algorithm, instrument, released=live_only)
        return self._judge.judge(order, views, self._asked(algorithm), live_only)

    def _asked(self, algorithm: Algorithm) -> tuple[Asked, ...]:
        configured = {
            Scope.GLOBAL: self._limits.global_guardians,
            Scope.ACCOUNT: self._view.account.guardians,
            Scope.ALGORITHM: algorithm.guardians,
        }
        return who_is_asked(self._plugins, configured)

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
            # Sized again when it comes back; and a guardian that delays into the past is not asked at once.
            until = max(verdict.until, self._view.now + SHORTEST_DELAY)
            self._changes.change(
                sized, side=parent.side, quantity=parent.quantity, wake_at=until, detail=verdict.message
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
        quote = self._sight.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        self._stepper.step(admitted, algorithm, instrument, quote)

    def _size(self, parent: ParentOrder, instrument: Instrument) -> Size | NoSize:
        if parent.purpose is Purpose.EXIT:
            return exit_size(
                parent.quantity,
                self._sight.held(parent.account_id, parent.algorithm_id, instrument.id),
                self._sight.held(parent.account_id, "", instrument.id),
                instrument,
            )
        if parent.side is None:
            return NoSize(reason="no_side", message="The order says neither buy nor sell.")
        return entry_size(parent.side, parent.quantity, instrument)

    def _opposing(self, parent: ParentOrder, instrument: Instrument) -> list[ParentOrder]:
        """The algorithm's own admitted orders in this lane that are cancelled and must end first."""
        return [
            other
            for other in self._own_before(parent, instrument)
            if parent.purpose is Purpose.EXIT or other.side is not parent.side
        ]

    def _exits_before(self, parent: ParentOrder, instrument: Instrument) -> bool:
        """Whether an entry must let an exit of the other side finish: cut short, it would leave a position
        that the entry comes on top of."""
        return parent.purpose is Purpose.ENTRY and any(
            other.purpose is Purpose.EXIT and other.side is not parent.side
            for other in self._own_before(parent, instrument)
        )

    def _own_before(self, parent: ParentOrder, instrument: Instrument) -> list[ParentOrder]:
        return [
            other
            for other in self._changes.parents.values()
            if other.seq < parent.seq
            and other.algorithm_id == parent.algorithm_id
            and other.instrument_id == instrument.id
            and other.state in (ParentState.WORKING, ParentState.PAUSED)
        ]

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
