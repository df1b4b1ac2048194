"""What becomes of an order while its market is closed. Pure."""

from datetime import datetime

from tradewire.contract.capabilities import Capabilities
from tradewire.domain.algorithm import Algorithm, WhenClosed
from tradewire.domain.base import Struct
from tradewire.domain.clock import iso
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import OrderType, ParentOrder, Purpose, TimeInForce
from tradewire.domain.session import SessionCalendar


class Queued(Struct):
    """It waits for the open at `until`."""

    until: datetime
    message: str


class NotWhileClosed(Struct):
    """It is not sent, and why: a reason code and a sentence."""

    reason: str
    message: str


class Extended(Struct):
    """It goes out now, as a limit order that may trade outside the session."""


def needs_calendar(parent: ParentOrder, instrument: Instrument, capabilities: Capabilities) -> bool:
    """Whether the order is bound to a session at all. One for the opening auction is meant to come before."""
    bound = instrument.calendar != "24/7" and not capabilities.always_open
    return bound and parent.time_in_force is not TimeInForce.OPG


def while_closed(
    parent: ParentOrder,
    order_type: OrderType,
    algorithm: Algorithm,
    instrument: Instrument,
    calendar: SessionCalendar,
    capabilities: Capabilities,
    works_extended: bool,
    now: datetime,
) -> Queued | NotWhileClosed | Extended | None:
    """None while the market is open. An exit is never refused: what cannot be sent now waits for the open.

    `works_extended` tells whether the order's blueprint works outside the session.
    """
    is_exit = parent.purpose is Purpose.EXIT
    if not calendar.covers(now):
        # An exit that nobody can say is too early is the broker's to judge.
        return None if is_exit else _unknown(instrument, calendar)
    if calendar.is_open(now):
        return None
    opens = calendar.next_open(now)
    policy = _policy(parent, algorithm)
    problem = ""
    if policy is WhenClosed.EXTENDED:
        problem = _not_extended(parent, order_type, instrument, calendar, capabilities, works_extended, now)
        if not problem:
            return Extended()
    if is_exit or policy is WhenClosed.QUEUE:
        if opens is None:
            return None if is_exit else _unknown(instrument, calendar)
        text = f"The market ({calendar.name}) is closed; it waits for the open at {iso(opens)}. {problem}"
        return Queued(until=opens, message=text.strip())
    when = f"; it opens at {iso(opens)}" if opens is not None else ""
    text = f"The market of {instrument.symbol} ({calendar.name}) is closed{when}."
    if problem:
        return NotWhileClosed(reason="no_extended_hours", message=f"{text} {problem}")
    return NotWhileClosed(reason="market_closed", message=text)


def _policy(parent: ParentOrder, algorithm: Algorithm) -> WhenClosed:
    """The algorithm's, unless the message says whether the order may trade outside the session."""
    if parent.extended_hours:
        return WhenClosed.EXTENDED
    if parent.extended_hours is False and algorithm.when_closed is WhenClosed.EXTENDED:
        return WhenClosed.REJECT
    return algorithm.when_closed


def _not_extended(
    parent: ParentOrder,
    order_type: OrderType,
    instrument: Instrument,
    calendar: SessionCalendar,
    capabilities: Capabilities,
    works_extended: bool,
    now: datetime,
) -> str:
    """Why it cannot be sent outside the session, in a sentence; empty when it can."""
    if not calendar.is_extended(now):
        return "Nobody trades it at this hour, extended or not."
    if order_type not in (OrderType.MARKET, OrderType.LIMIT):
        return f"Outside the session only limit orders are sent, and this is a {order_type} order."
    if parent.time_in_force not in (None, TimeInForce.DAY):
        return f"Outside the session orders are for the day, and this one is {parent.time_in_force}."
    if not works_extended:
        return f"The blueprint {parent.blueprint!r} does not work outside the session."
    if not capabilities.supports(instrument.asset_class, OrderType.LIMIT, TimeInForce.DAY, True):
        return f"The account's broker takes no orders for {instrument.symbol} outside the session."
    return ""


def _unknown(instrument: Instrument, calendar: SessionCalendar) -> NotWhileClosed:
    text = (
        f"Whether the market of {instrument.symbol} is open cannot be said: the calendar {calendar.name} "
        "does not reach so far."
    )
    return NotWhileClosed(reason="calendar_unknown", message=text)
