"""One look at one account: what is due, in which order, and what becomes of it. Pure.

Lanes keep the order of acceptance. A parent that has to wait holds back the later ones of its lane, and so
does an order whose fate is UNKNOWN; cancels pass at once. What may wait for hours, for the market's open or
for a close that goes before it, holds back only its own algorithm's.
"""

from datetime import timedelta

from tradewire.brokerage.market_view import MarketView, Want, WantKind
from tradewire.domain.instrument import Instrument
from tradewire.domain.ledger import EntryKind
from tradewire.domain.order import ChildState, ParentOrder, ParentState, Purpose
from tradewire.engine.account_view import AccountView, EngineLimits
from tradewire.engine.admission import Admission, entry_of
from tradewire.engine.changes import Before, Changes
from tradewire.engine.guarding import Judge
from tradewire.engine.inbox import bare
from tradewire.engine.later_children import LaterChildren
from tradewire.engine.own_orders import OwnOrders
from tradewire.engine.reach import Progress, next_reach
from tradewire.engine.sessions import Sessions
from tradewire.engine.sight import Sight
from tradewire.engine.stepping import Stepper, told
from tradewire.engine.waiting import Waiting
from tradewire.plugins import Plugins

_BEHIND = Waiting(reason="An earlier order of its lane waits.", shown=True, bounded=False)
_BEHIND_OWN = Waiting(
    reason="An earlier order of the same algorithm waits.", shown=True, bounded=False, own=True
)


def plan(
    view: AccountView,
    market: MarketView,
    plugins: Plugins,
    judge: Judge,
    limits: EngineLimits,
) -> Changes:
    """Everything that is to be written and asked for now, for one account."""
    planner = _Planner(view, market, plugins, judge, limits)
    planner.cancels()
    planner.working()
    planner.pending()
    return planner.changes


class _Planner:
    def __init__(
        self, view: AccountView, market: MarketView, plugins: Plugins, judge: Judge, limits: EngineLimits
    ) -> None:
        self.changes = Changes(view)
        self._view = view
        self._market = market
        self._limits = limits
        self._stepper = Stepper(plugins, self.changes, view.now, market.capabilities, market.ready)
        self._sight = Sight(view, market, limits, self.changes)
        self._own = OwnOrders(view, self.changes)
        self._sessions = Sessions(view, market, plugins, self.changes, self._stepper)
        self._admission = Admission(
            view,
            market,
            plugins,
            judge,
            limits,
            self.changes,
            self._stepper,
            self._sight,
            self._own,
            self._sessions,
        )
        self._later = LaterChildren(self.changes, self._stepper, self._admission, view.now)
        self._instruments = dict(view.instruments)
        self._by_id = {one.id: one for one in view.instruments.values()}

    def cancels(self) -> None:
        """Cancel signals pass whatever holds their lane, and end the algorithm's own earlier orders."""
        for parent in self._due(ParentState.PENDING):
            if parent.purpose is not Purpose.CANCEL:
                continue
            own = [other for other in self._live_before(parent) if self._same_lane(other, parent)]
            for other in own:
                self._stepper.request_cancel(other, "a later signal of the same algorithm cancels it")
            count = len(own)
            text = f"Cancelling {count} of the algorithm's own orders." if count else "Nothing to cancel."
            self._stepper.end(parent, ParentState.DONE, "cancel", text)

    def working(self) -> None:
        """Step the admitted parents that are due, and wind down those that are being cancelled."""
        for parent in self._due(ParentState.WORKING, ParentState.PAUSED):
            if parent.cancel_requested:
                self._stepper.wind_down(parent)
                continue
            if parent.state is ParentState.PAUSED:
                continue
            before = self.changes.before(parent)
            try:
                self._work(before)
            # Not `Exception` alone: an order that cannot be worked must not hold up the account's others.
            except BaseException as error:  # noqa: BLE001
                self._stepper.give_up(before, f"It could not be worked: {told(error)}")

    def _work(self, before: Before) -> None:
        parent = before.parent
        algorithm = self._view.algorithms.get(parent.algorithm_id)
        instrument = self._by_id.get(parent.instrument_id or "")
        if algorithm is None or instrument is None:
            self._stepper.pause(parent, "Its algorithm or instrument is no longer there.")
            return
        quote = self._sight.quote(parent.account_id, instrument.id, self._limits.quote_age_s)
        self._stepper.step(parent, algorithm, instrument, quote)
        self._later.judge(before, algorithm, instrument)

    def pending(self) -> None:
        """Admit in order; a lane goes on only past what is no longer waiting."""
        decided, passable = self._admit_all()
        ended = sum(
            one.state is ParentState.PENDING and self.changes.parents[one.id].state is not ParentState.PENDING
            for one in self._view.parents
        )
        progress = Progress(decided=decided, ended=ended, passable=passable)
        self.changes.reach = next_reach(self._view, progress)
        self.changes.more = decided == self._view.at_once or (
            self._view.cut
            and (ended > 0 or bool(self.changes.instruments) or self.changes.reach > self._view.reach)
        )

    def _admit_all(self) -> tuple[int, bool]:
        """How many were decided about, and whether any waits in a way in which others may pass it."""
        held = {
            child.instrument_id: Waiting(
                reason="An earlier order's fate is unknown; it is being looked up.", shown=True
            )
            for children in self.changes.children.values()
            for child in children
            if child.state is ChildState.UNKNOWN
        }
        held_tickers: set[str] = set()
        held_own: dict[tuple[str, str], list[ParentOrder]] = {}
        decided, passable = 0, False
        for parent in sorted(self.changes.parents.values(), key=lambda one: one.seq):
            if decided == self._view.at_once:
                break
            if not self._is_pending(parent) or parent.id in self._view.later:
                continue
            ticker = bare(parent.symbol)
            instrument = self._resolve(parent)
            lane = instrument.id if isinstance(instrument, Instrument) else None
            waiting: Waiting | None
            if lane in held or ticker in held_tickers:
                waiting = held.get(lane or "", _BEHIND)
                if isinstance(instrument, Instrument):
                    # Whether it is to wait for the open as well does not depend on what goes before it.
                    waiting = self._session(parent, instrument) or waiting
            elif isinstance(instrument, Instrument):
                before = held_own.setdefault((parent.algorithm_id, instrument.id), [])
                waiting = self._admit(parent, instrument, before)
                decided += waiting is None and parent.id not in self._admission.too_late
            else:
                waiting = instrument
            current = self.changes.parents[parent.id]
            if (
                waiting is None
                or current.state is not ParentState.PENDING
                or self._ended_waiting(current, waiting)
            ):
                continue
            self._wait(current, waiting)
            passable |= waiting.own
            if lane is not None and waiting.own:
                held_own.setdefault((parent.algorithm_id, lane), []).append(current)
                continue
            held_tickers.add(ticker)
            if lane is not None:
                held.setdefault(lane, _BEHIND)
        return decided, passable

    def _is_pending(self, parent: ParentOrder) -> bool:
        """Whether it is to be admitted; what was cancelled before ends here."""
        current = self.changes.parents[parent.id]
        if current.state is not ParentState.PENDING or current.purpose is Purpose.CANCEL:
            return False
        if current.cancel_requested:
            self._stepper.end(
                current, ParentState.CANCELLED, "cancelled", "Cancelled before it was admitted."
            )
            return False
        return True

    def _admit(
        self, parent: ParentOrder, instrument: Instrument, before: list[ParentOrder]
    ) -> Waiting | None:
        """`before` are the algorithm's own that wait a long time in this lane."""
        if not self._market.ready:
            return self._not_yet(parent) or self._not_ready()
        waiting = self._session(parent, instrument)
        if waiting is not None or self.changes.parents[parent.id].state is not ParentState.PENDING:
            return waiting
        waiting = self._not_yet(parent)
        if waiting is not None:
            return waiting
        for other in self._own.overtaken(parent, before, instrument):
            self._stepper.request_cancel(other, "a later signal of the same algorithm closes or reverses it")
        before[:] = [other for other in before if self.changes.parents[other.id].state.is_live]
        if any(other.signal_id != parent.signal_id for other in before):
            return _BEHIND_OWN
        try:
            return self._admission.admit(self.changes.parents[parent.id], instrument)
        except Exception as error:  # noqa: BLE001 - one order that cannot be judged must not hold up the rest
            self._failed(parent, error)
            return None

    def _session(self, parent: ParentOrder, instrument: Instrument) -> Waiting | None:
        """What it waits for because its market is closed; it may end here."""
        return self._sessions.check(parent, instrument) if self._market.ready else None

    def _not_yet(self, parent: ParentOrder) -> Waiting | None:
        """What was put off, by a guardian or to the open, and its time has not come."""
        if parent.wake_at is None or parent.wake_at <= self._view.now:
            return None
        text = parent.detail or "It was delayed."
        return Waiting(reason=text, bounded=False, own=parent.wake_at == parent.queued_until)

    def _failed(self, parent: ParentOrder, error: Exception) -> None:
        """A defect of ours or of a plugin that nothing caught: the order ends or is paused, visibly."""
        text = f"It could not be admitted: {type(error).__name__}: {error}"
        current = self.changes.parents[parent.id]
        if current.state is not ParentState.PENDING:
            self._stepper.pause(current, text)
            return
        self._stepper.end(current, ParentState.FAILED, "engine_failed", text)
        self.changes.entries.append(entry_of(current, EntryKind.ALERT_RAISED, self._view.now, text))

    def _resolve(self, parent: ParentOrder) -> Instrument | Waiting | None:
        """The instrument, what is waited for, or None when the parent has just ended."""
        known = self._instruments.get(parent.symbol)
        if known is not None:
            return known
        if not self._market.ready:
            return self._not_ready()
        found = self._market.resolved.get(parent.symbol)
        if found is None:
            want = Want(kind=WantKind.RESOLVE, account_id=parent.account_id, key=parent.symbol)
            if want in self._market.missing:
                return Waiting(reason="The broker could not be asked for the symbol.")
            self.changes.wants.add(want)
            return Waiting(reason="The broker is being asked for the symbol.")
        if len(found) == 1:
            if self._view.cut and self._view.reach and parent.symbol not in self.changes.instruments:
                # Its lane may be one of which not all is in sight.
                self.changes.instruments[parent.symbol] = found[0]
                return Waiting(reason="Its symbol was resolved just now.", bounded=False)
            self._instruments[parent.symbol] = self.changes.instruments[parent.symbol] = found[0]
            self._by_id[found[0].id] = found[0]
            return found[0]
        if not found:
            text = f"The account {self._view.account.name!r} does not know the symbol {parent.symbol!r}."
            self._stepper.end(parent, ParentState.REJECTED, "unknown_symbol", text)
        else:
            names = ", ".join(one.id for one in found)
            text = f"The symbol {parent.symbol!r} is ambiguous there: {names}. Write the one that is meant."
            self._stepper.end(parent, ParentState.REJECTED, "ambiguous_symbol", text)
        return None

    def _not_ready(self) -> Waiting:
        why = (self._market.why_not or "not connected yet").rstrip(".")
        return Waiting(reason=f"The account {self._view.account.name!r} is not ready: {why}.", shown=True)

    def _ended_waiting(self, parent: ParentOrder, waiting: Waiting) -> bool:
        """Too late is no: what could not be admitted for long is not sent when it at last could be."""
        since = max(parent.created_at, parent.wake_at or parent.created_at)
        if not waiting.bounded or self._view.now - since <= timedelta(seconds=self._limits.pending_s):
            return False
        text = f"It waited for more than {self._limits.pending_s:.0f} s: {waiting.reason}"
        self._stepper.end(parent, ParentState.EXPIRED, "waited_too_long", text)
        return True

    def _wait(self, parent: ParentOrder, waiting: Waiting) -> None:
        current = self.changes.parents[parent.id]
        if waiting.shown and current.state is ParentState.PENDING and current.detail != waiting.reason:
            self.changes.change(current, detail=waiting.reason)
            self.changes.entries.append(
                entry_of(current, EntryKind.PARENT_WAITING, self._view.now, waiting.reason, own=waiting.own)
            )

    def _due(self, *states: ParentState) -> list[ParentOrder]:
        return sorted(
            (
                parent
                for parent in self.changes.parents.values()
                if parent.state in states and parent.wake_at is not None and parent.wake_at <= self._view.now
            ),
            key=lambda one: one.seq,
        )

    def _live_before(self, parent: ParentOrder) -> list[ParentOrder]:
        return [
            other
            for other in self.changes.parents.values()
            if other.seq < parent.seq
            and other.algorithm_id == parent.algorithm_id
            and other.state.is_live
            and other.purpose is not Purpose.CANCEL
        ]

    def _same_lane(self, one: ParentOrder, other: ParentOrder) -> bool:
        first, second = self._instruments.get(one.symbol), self._instruments.get(other.symbol)
        if first is not None and second is not None:
            return first.id == second.id
        return bare(one.symbol) == bare(other.symbol)
