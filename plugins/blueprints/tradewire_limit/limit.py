"""One limit order, with an optional time to live and a market order for the rest."""

from datetime import datetime, timedelta
from typing import Any

from tradewire import (
    Blueprint,
    Cancel,
    Capabilities,
    ChildOrder,
    ChildState,
    Finish,
    Instrument,
    Need,
    OrderType,
    ParentOrder,
    ParentState,
    Place,
    Step,
    StepView,
    TimeInForce,
)
from tradewire.contract.working import (
    awaits_fills,
    conclusion,
    releasable,
    size_problems,
    support_problems,
)
from tradewire_limit.params import LimitParams, OnExpire, Reference
from tradewire_limit.price import limit_price

_FROM_QUOTE = (Reference.BID, Reference.ASK, Reference.MID, Reference.LAST)


class Limit(Blueprint):
    """Generation 0 is the limit order; generation 1 the market order for what it left when its time was up.
    Neither is placed twice, and the second only when the broker has ended the first."""

    name = "limit"
    Params = LimitParams
    order_types = frozenset({OrderType.LIMIT})
    extended_hours = True

    def needs(self, params: Any) -> frozenset[Need]:
        return frozenset({Need.QUOTE}) if params.reference in _FROM_QUOTE else frozenset()

    def validate(
        self, parent: ParentOrder, params: LimitParams, instrument: Instrument, capabilities: Capabilities
    ) -> tuple[str, ...]:
        tif = _time_in_force(parent, params)
        price = limit_price(parent, params, instrument.tick, None)
        problems = (
            *support_problems(instrument, capabilities, (OrderType.LIMIT,), tif),
            *size_problems(parent.quantity, instrument, price),
        )
        if params.on_expire is OnExpire.MARKET:
            problems += support_problems(instrument, capabilities, (OrderType.MARKET,), tif)
        if price is None and (parent.limit_price is not None or params.reference not in _FROM_QUOTE):
            problems += (_no_price(parent, params, instrument),)
        return problems

    def step(self, view: StepView) -> Step:
        if not view.children:
            return self._release(view)
        child = view.children[-1]
        deadline = _deadline(child, view.params)
        if child.state.is_open:
            return _watch(view, child, deadline)
        if awaits_fills(view.parent, child):
            return Step()
        if _ended_by_its_time(child, deadline, view):
            rest = _rest_at_market(view)
            if rest is not None:
                return Step(actions=(rest,))
        return Step(actions=(conclusion(view.parent, child),))

    def _release(self, view: StepView) -> Step:
        parent, params, instrument = view.parent, view.params, view.instrument
        if parent.cancel_requested:
            message = "It was cancelled before anything was sent."
            return _finish(ParentState.CANCELLED, "cancelled_before_release", message)
        problems = self.validate(parent, params, instrument, view.capabilities)
        if problems:
            return _finish(ParentState.REJECTED, "not_workable", " ".join(problems))
        price = limit_price(parent, params, instrument.tick, view.quote)
        if price is None:
            return _finish(ParentState.REJECTED, "no_price", _no_price(parent, params, instrument))
        quantity = releasable(parent, (), instrument.lot)
        too_small = size_problems(quantity, instrument, price)
        if too_small:
            return _finish(ParentState.REJECTED, "too_small", " ".join(too_small))
        place = Place(
            quantity=quantity,
            order_type=OrderType.LIMIT,
            limit_price=price,
            time_in_force=_time_in_force(parent, params),
            extended_hours=bool(parent.extended_hours),
        )
        wake = view.now + timedelta(seconds=params.ttl_s) if params.ttl_s is not None else None
        return Step(actions=(place,), wake_at=wake)


def _time_in_force(parent: ParentOrder, params: LimitParams) -> TimeInForce:
    """The message's before the algorithm's; outside the session there are only orders for the day."""
    return TimeInForce.DAY if parent.extended_hours else parent.time_in_force or params.tif


def _watch(view: StepView, child: ChildOrder, deadline: datetime | None) -> Step:
    if child.cancel_requested:
        return Step()
    if view.parent.cancel_requested:
        return Step(actions=(Cancel(client_id=child.client_id, reason="parent_cancelled"),))
    if deadline is not None and view.now >= deadline:
        return Step(actions=(Cancel(client_id=child.client_id, reason="time_to_live"),))
    return Step(wake_at=deadline)


def _deadline(child: ChildOrder, params: LimitParams) -> datetime | None:
    """When the limit order's time is up; a market order for the rest has none."""
    if params.ttl_s is None or child.generation != 0:
        return None
    return child.created_at + timedelta(seconds=params.ttl_s)


def _ended_by_its_time(child: ChildOrder, deadline: datetime | None, view: StepView) -> bool:
    if deadline is None or view.parent.cancel_requested or not child.cancel_requested:
        return False
    return child.state is ChildState.CANCELLED and (child.ended_at or view.now) >= deadline


def _rest_at_market(view: StepView) -> Place | None:
    """The market order for what the limit order left; None where none is wanted, or possible outside the
    session, or the rest is too small."""
    if view.parent.extended_hours:
        return None
    rest = releasable(view.parent, view.children, view.instrument.lot)
    if view.params.on_expire is not OnExpire.MARKET or size_problems(rest, view.instrument):
        return None
    tif = view.parent.time_in_force or view.params.tif
    return Place(quantity=rest, order_type=OrderType.MARKET, generation=1, time_in_force=tif)


def _no_price(parent: ParentOrder, params: LimitParams, instrument: Instrument) -> str:
    if parent.limit_price is not None or params.price is not None:
        return f"The limit price for {instrument.symbol} is less than a tick of {instrument.tick}."
    if params.reference is None:
        return (
            "A limit order needs a price: a limitPrice in the message, "
            "or `price` or `reference` in the blueprint."
        )
    if params.reference is Reference.SIGNAL:
        return "The limit is set from the signal's price, and the message carries none that leads to a limit."
    return (
        f"The limit is set from the {params.reference} of {instrument.symbol}, which is not known or too low."
    )


def _finish(state: ParentState, reason: str, message: str) -> Step:
    return Step(actions=(Finish(state=state, reason=reason, message=message),))
