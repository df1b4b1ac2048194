"""One market order, or a marketable limit where the broker takes no market orders."""

from decimal import Decimal
from typing import Any

import msgspec

from tradewire import (
    Blueprint,
    Cancel,
    Capabilities,
    Finish,
    Instrument,
    Need,
    OrderType,
    ParentOrder,
    ParentState,
    Place,
    Side,
    Step,
    StepView,
    TimeInForce,
    is_usable,
    marketable_limit,
)
from tradewire.contract.working import (
    awaits_fills,
    conclusion,
    releasable,
    size_problems,
    support_problems,
)

_TYPES = (OrderType.MARKET, OrderType.LIMIT)


class MarketParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`collar_bps`: how far beyond the far touch a marketable limit may reach; the message's time in force
    goes before `tif`."""

    collar_bps: Decimal = Decimal(100)
    tif: TimeInForce = TimeInForce.DAY

    def __post_init__(self) -> None:
        if not is_usable(self.collar_bps) or not 0 < self.collar_bps < 10_000:
            raise ValueError(f"`collar_bps` must be above 0 and below 10000, not {self.collar_bps}")


class Market(Blueprint):
    """Places one child and ends as it ends; a child that was refused is never placed again."""

    name = "market"
    Params = MarketParams
    order_types = frozenset({OrderType.MARKET})
    extended_hours = True

    def needs(self, params: Any) -> frozenset[Need]:
        return frozenset({Need.QUOTE})

    def validate(
        self, parent: ParentOrder, params: MarketParams, instrument: Instrument, capabilities: Capabilities
    ) -> tuple[str, ...]:
        types = (OrderType.LIMIT,) if parent.extended_hours else _TYPES
        return (
            *support_problems(instrument, capabilities, types, _time_in_force(parent, params)),
            *size_problems(parent.quantity, instrument),
        )

    def step(self, view: StepView) -> Step:
        if view.children:
            return _follow(view)
        if view.parent.cancel_requested:
            message = "It was cancelled before anything was sent."
            return _finish(ParentState.CANCELLED, "cancelled_before_release", message)
        problems = self.validate(view.parent, view.params, view.instrument, view.capabilities)
        if problems:
            return _finish(ParentState.REJECTED, "not_workable", " ".join(problems))
        return _release(view)


def _follow(view: StepView) -> Step:
    child = view.children[-1]
    if child.state.is_open:
        if view.parent.cancel_requested and not child.cancel_requested:
            return Step(actions=(Cancel(client_id=child.client_id, reason="parent_cancelled"),))
        return Step()
    if awaits_fills(view.parent, child):
        return Step()
    return Step(actions=(conclusion(view.parent, child),))


def _release(view: StepView) -> Step:
    parent, instrument, params = view.parent, view.instrument, view.params
    quantity = releasable(parent, view.children, instrument.lot)
    tif, extended = _time_in_force(parent, params), bool(parent.extended_hours)
    if not extended and view.capabilities.supports(instrument.asset_class, OrderType.MARKET, tif):
        place = Place(quantity=quantity, order_type=OrderType.MARKET, time_in_force=tif)
        return Step(actions=(place,))
    side = parent.side or Side.BUY
    limit = marketable_limit(side, view.quote, params.collar_bps, instrument.tick) if view.quote else None
    if limit is None:
        when = " outside the session" if extended else ""
        message = (
            f"The broker takes no market orders for {instrument.symbol}{when}, and without a quote "
            "there is no price for a marketable limit."
        )
        return _finish(ParentState.REJECTED, "no_quote", message)
    place = Place(
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=limit,
        time_in_force=tif,
        extended_hours=extended,
    )
    return Step(actions=(place,))


def _time_in_force(parent: ParentOrder, params: MarketParams) -> TimeInForce:
    """The message's before the algorithm's; outside the session there are only orders for the day."""
    return TimeInForce.DAY if parent.extended_hours else parent.time_in_force or params.tif


def _finish(state: ParentState, reason: str, message: str) -> Step:
    return Step(actions=(Finish(state=state, reason=reason, message=message),))
