"""What blueprints have in common: what may still be released, what is too small, and how a parent ends."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from tradewire.contract.blueprint import Finish
from tradewire.contract.capabilities import Capabilities
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ChildState, OrderType, ParentOrder, ParentState, TimeInForce
from tradewire.domain.quantity import ZERO, canonical, exact, round_down

_ENDS = {
    ChildState.REJECTED: ParentState.REJECTED,
    ChildState.EXPIRED: ParentState.EXPIRED,
    ChildState.CANCELLED: ParentState.CANCELLED,
}


def filled(parent: ParentOrder, children: Sequence[ChildOrder]) -> Decimal:
    """What is known to be filled; a child may know of a fill before its parent does, and the other way."""
    return max(parent.filled, sum((child.filled for child in children), ZERO))


def releasable(parent: ParentOrder, children: Sequence[ChildOrder], lot: Decimal) -> Decimal:
    """The quantity that is neither filled nor open in a child, rounded down to the lot; never negative."""
    working = sum((child.open_quantity for child in children), ZERO)
    left = (parent.quantity or ZERO) - filled(parent, children) - working
    return round_down(max(left, ZERO), lot)


def awaits_fills(parent: ParentOrder, child: ChildOrder) -> bool:
    """Whether a child has ended with fills that are still to be reported."""
    reported = child.quantity if child.state is ChildState.FILLED else child.filled
    return not child.state.is_open and (child.filled < reported or parent.filled < child.filled)


def size_problems(
    quantity: Decimal | None, instrument: Instrument, price: Decimal | None = None
) -> tuple[str, ...]:
    """Why a quantity cannot be sent, in sentences; with a `price` per unit, too little value is one."""
    if quantity is None:
        return ()
    sent, smallest = round_down(quantity, instrument.lot), max(instrument.lot, instrument.min_quantity)
    if sent < smallest:
        return (
            f"The quantity {canonical(quantity)} of {instrument.symbol} comes to {canonical(sent)} in lots "
            f"of {canonical(instrument.lot)}, and the smallest order is {canonical(smallest)}.",
        )
    if price is None:
        return ()
    with localcontext(exact()):
        notional = sent * price * instrument.multiplier
    if notional < instrument.min_notional:
        return (
            f"{canonical(sent)} of {instrument.symbol} at {canonical(price)} are worth {canonical(notional)} "
            f"{instrument.currency}, and the smallest order is worth {canonical(instrument.min_notional)}.",
        )
    return ()


def support_problems(
    instrument: Instrument, capabilities: Capabilities, types: Sequence[OrderType], tif: TimeInForce
) -> tuple[str, ...]:
    """Why none of `types` can be sent with `tif`, in a sentence that names what can."""
    if any(capabilities.supports(instrument.asset_class, one, tif) for one in types):
        return ()
    offered = sorted(
        {
            f"{order.order_type} {time}"
            for order in capabilities.orders
            if order.asset_class is instrument.asset_class
            for time in order.times_in_force
        }
    )
    wanted = " or ".join(f"{one} {tif}" for one in types)
    return (
        f"The account's broker takes no {wanted} order for {instrument.symbol} ({instrument.asset_class}); "
        f"it takes: {', '.join(offered) or 'nothing'}.",
    )


def conclusion(parent: ParentOrder, last: ChildOrder) -> Finish:
    """How a parent ends whose last child has ended: filled, partly filled, or as that child did."""
    quantity = parent.quantity or ZERO
    done = f"{canonical(parent.filled)} of {canonical(quantity)} filled"
    if parent.filled >= quantity:
        return Finish(state=ParentState.FILLED, reason="filled", message=f"{done}.")
    if last.state is ChildState.FILLED:
        reason, why = "rounded_to_lot", "the rest is less than a lot"
    else:
        reason = last.reason or last.state.value
        why = last.detail or f"the last order ended {last.state}"
    state = ParentState.PARTLY_FILLED if parent.filled > 0 else _ENDS.get(last.state, ParentState.CANCELLED)
    return Finish(state=state, reason=reason, message=f"{done}; {why.rstrip('.')}.")
