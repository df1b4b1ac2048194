"""Keeping orders for the open, and letting out what may trade outside the session."""

from tradewire.brokerage.market_view import MarketView, Want, WantKind
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose, TimeInForce
from tradewire.domain.session import SessionCalendar
from tradewire.engine.account_view import AccountView
from tradewire.engine.changes import Changes
from tradewire.engine.market_hours import Extended, NotWhileClosed, Queued, needs_calendar, while_closed
from tradewire.engine.stepping import Stepper
from tradewire.engine.waiting import Waiting
from tradewire.plugins import Plugins


class Sessions:
    """One account's orders against their markets' hours, at one moment."""

    def __init__(
        self, view: AccountView, market: MarketView, plugins: Plugins, changes: Changes, stepper: Stepper
    ) -> None:
        self._view = view
        self._market = market
        self._plugins = plugins
        self._changes = changes
        self._stepper = stepper

    def check(self, parent: ParentOrder, instrument: Instrument) -> Waiting | None:
        """What a pending order waits for because of its market's hours; it may have ended in here."""
        algorithm = self._view.algorithms.get(parent.algorithm_id)
        if algorithm is None or not needs_calendar(parent, instrument, self._market.capabilities):
            return None
        if self._has_nothing_to_close(parent, instrument):
            return None
        calendar = self._calendar(parent, instrument)
        if isinstance(calendar, Waiting):
            return calendar
        answer = self._while_closed(parent, algorithm, instrument, calendar)
        if isinstance(answer, Queued):
            return self.queue(parent, answer)
        if isinstance(answer, NotWhileClosed):
            self._stepper.end(parent, ParentState.BLOCKED, answer.reason, answer.message)
        return None

    def queue(self, parent: ParentOrder, queued: Queued) -> Waiting:
        """Keep it for the open, visibly; only its own algorithm's later orders wait behind it."""
        if parent.queued_until != queued.until or parent.wake_at != queued.until:
            self._changes.change(
                parent,
                queued_at=parent.queued_at or self._view.now,
                queued_until=queued.until,
                wake_at=queued.until,
            )
        return Waiting(reason=queued.message, shown=True, bounded=False, own=True)

    def is_extended(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, quote: Quote | None
    ) -> bool | Queued | NotWhileClosed:
        """Whether an order that goes out now may trade outside the session; a market order cannot without a
        quote to set its limit by."""
        calendar = self._market.calendars.get(instrument.calendar)
        if calendar is None or not needs_calendar(parent, instrument, self._market.capabilities):
            return False
        answer = self._while_closed(parent, algorithm, instrument, calendar)
        if not isinstance(answer, Extended):
            return self._stays_after_the_close(parent, instrument)
        if quote is not None or self._order_type(parent) is OrderType.LIMIT:
            return True
        text = (
            f"Outside the session {instrument.symbol} is traded by limit, and without a quote there is no "
            "price to set it by."
        )
        opens = calendar.next_open(self._view.now)
        if parent.purpose is Purpose.EXIT and opens is not None:
            return Queued(until=opens, message=f"{text} It waits for the open.")
        return NotWhileClosed(reason="no_quote", message=text)

    def _while_closed(
        self, parent: ParentOrder, algorithm: Algorithm, instrument: Instrument, calendar: SessionCalendar
    ) -> Queued | NotWhileClosed | Extended | None:
        return while_closed(
            parent,
            self._order_type(parent),
            algorithm,
            instrument,
            calendar,
            self._market.capabilities,
            self._works_extended(parent),
            self._view.now,
        )

    def _stays_after_the_close(self, parent: ParentOrder, instrument: Instrument) -> bool:
        """Whether the message lets a limit order that is sent in the session work on outside of it."""
        return (
            bool(parent.extended_hours)
            and self._order_type(parent) is OrderType.LIMIT
            and parent.time_in_force in (None, TimeInForce.DAY)
            and self._works_extended(parent)
            and self._market.capabilities.supports(
                instrument.asset_class, OrderType.LIMIT, TimeInForce.DAY, extended_hours=True
            )
        )

    def _calendar(self, parent: ParentOrder, instrument: Instrument) -> SessionCalendar | Waiting:
        known, now = self._market.calendars.get(instrument.calendar), self._view.now
        want = Want(kind=WantKind.CALENDAR, account_id=parent.account_id, key=instrument.calendar)
        if known is not None and (known.covers(now) or want in self._market.missing):
            return known
        if want not in self._market.missing:
            self._changes.wants.add(want)
        elif parent.purpose is Purpose.EXIT:
            # What nobody can say is too early is the broker's to judge.
            return SessionCalendar(name=instrument.calendar)
        return Waiting(reason=f"The trading calendar {instrument.calendar} is being looked up.", shown=True)

    def _has_nothing_to_close(self, parent: ParentOrder, instrument: Instrument) -> bool:
        """Whether an exit need not wait for the open to find that there is nothing to do."""
        if parent.purpose is not Purpose.EXIT:
            return False
        held = any(
            one.quantity != 0
            for one in self._view.holdings
            if (one.algorithm_id, one.instrument_id) == (parent.algorithm_id, instrument.id)
            and one.account_id == parent.account_id
        )
        return not held and not any(
            other.seq < parent.seq and other.algorithm_id == parent.algorithm_id and other.state.is_live
            for other in self._changes.parents.values()
        )

    def _order_type(self, parent: ParentOrder) -> OrderType:
        if parent.order_type is not None:
            return parent.order_type
        blueprint = self._plugins.blueprints.get(parent.blueprint)
        types = blueprint.order_types if blueprint is not None else frozenset()
        return next(iter(types)) if len(types) == 1 else OrderType.MARKET

    def _works_extended(self, parent: ParentOrder) -> bool:
        blueprint = self._plugins.blueprints.get(parent.blueprint)
        return blueprint is not None and blueprint.extended_hours
