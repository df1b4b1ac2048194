"""What a parent does about the algorithm's own position as it is at its admission. Pure.

Every answer is worked out from rows: the parent, its first leg, the position. So it is the same after any
number of restarts.
"""

from decimal import Decimal
from fractions import Fraction

from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import Goal, ParentOrder, ParentState, Purpose, Side
from tradewire.domain.quantity import ZERO, canonical, round_down
from tradewire.engine.sizing import Money, NoSize, Size, closable, entry_size, to_lot, units_of


class SizingBasis(Struct):
    """The algorithm's `own` position and what is `unattributed` on the account, both signed. `opening` is
    what its earlier entries may still add on the order's side. `close` is the first leg of a second one,
    whatever has become of it. `taken_back` is what had not filled of the entries on the other side that were
    cancelled for the order, or for its first leg."""

    own: Decimal
    unattributed: Decimal
    opening: Decimal = ZERO
    close: ParentOrder | None = None
    taken_back: Decimal = ZERO


def size_of(parent: ParentOrder, basis: SizingBasis, money: Money, instrument: Instrument) -> Size | NoSize:
    """Side and quantity of `parent` now, or why there is nothing to do."""
    if parent.purpose is Purpose.EXIT:
        return _exit(parent, basis, money, instrument)
    if parent.leg > 0:
        return _opening(parent, basis, money, instrument)
    if parent.goal is Goal.ADD:
        return _add(parent, basis, money, instrument)
    if parent.side is None:
        return NoSize(reason="no_side", message="The order says neither buy nor sell.")
    size = _sized(parent, parent.side, abs(basis.own), money, instrument)
    return _less_taken_back(size, parent, basis, instrument)


def needs_price(parent: ParentOrder) -> bool:
    """Whether `size_of` needs prices to say anything."""
    given = parent.size is not None or parent.target is not None
    return given and parent.size_kind is not None and parent.size_kind.needs_price


def _exit(parent: ParentOrder, basis: SizingBasis, money: Money, instrument: Instrument) -> Size | NoSize:
    own = basis.own
    if parent.goal is Goal.TARGET:
        return _towards(parent, basis, money, instrument)
    if own == 0:
        return _nothing(parent, instrument)
    side = Side.SELL if own > 0 else Side.BUY
    if parent.side is not None and parent.side is not side:
        if parent.goal is not None:
            return _nothing(parent, instrument)
        text = f"A {parent.side.value} closes nothing of the algorithm's {_held(own, instrument)}."
        return NoSize(reason="already_past", message=text)
    size, told = _size(parent), None
    if size is None or parent.goal is not None:
        wanted = abs(own)
    else:
        units = units_of(parent, size, parent.size_kind, side, abs(own), money, instrument)
        if isinstance(units, NoSize):
            return units
        wanted = min(to_lot(units.amount, instrument.lot), abs(own))
        told = f"{units.told} = {canonical(wanted)} {instrument.symbol}" if units.told else None
    return _closing(side, wanted, told, basis, instrument)


def _closing(
    side: Side, wanted: Decimal, told: str | None, basis: SizingBasis, instrument: Instrument
) -> Size | NoSize:
    there = closable(basis.own, basis.unattributed)
    quantity = round_down(min(there, wanted), instrument.lot)
    if quantity > 0:
        return Size(side=side, quantity=quantity, sized=told)
    return NoSize(
        reason="nothing_to_exit",
        message=f"Of the algorithm's {canonical(abs(basis.own))} {instrument.symbol} the account holds "
        f"{canonical(there)} and {canonical(wanted)} was asked for: nothing is left to exit.",
    )


def _nothing(parent: ParentOrder, instrument: Instrument) -> NoSize:
    """Why an exit finds nothing to do."""
    if parent.goal is Goal.REVERSE:
        text = f"The algorithm holds no {instrument.symbol}, so there is nothing to reverse."
        return NoSize(reason="nothing_to_reverse", message=text)
    if parent.goal is not None:
        text = f"The algorithm holds no {instrument.symbol} that would be closed first."
        return NoSize(reason="nothing_to_close", message=text)
    return NoSize(reason="nothing_to_exit", message=f"The algorithm holds no {instrument.symbol}.")


def _add(parent: ParentOrder, basis: SizingBasis, money: Money, instrument: Instrument) -> Size | NoSize:
    if basis.own == 0:
        text = f"The algorithm holds no {instrument.symbol}, so there is nothing to add to."
        return NoSize(reason="nothing_to_add_to", message=text)
    side = Side.BUY if basis.own > 0 else Side.SELL
    size = _sized(parent, side, abs(basis.own), money, instrument)
    return _less_taken_back(size, parent, basis, instrument)


def _less_taken_back(
    size: Size | NoSize, parent: ParentOrder, basis: SizingBasis, instrument: Instrument
) -> Size | NoSize:
    """A plain order changes what the algorithm means to hold by its quantity. What it took back of an entry
    on its way counts towards that: in the end as much is held as if the entry had filled first."""
    if isinstance(size, NoSize) or parent.cancel_first or basis.taken_back == 0:
        return size
    left = round_down(max(size.quantity - basis.taken_back, ZERO), instrument.lot)
    whole = f"{canonical(size.quantity)} {instrument.symbol}"
    taken = f"{canonical(basis.taken_back)} of the algorithm's own {size.side.opposite.value} orders"
    if left == 0:
        text = f"It took back {taken} that had not filled: nothing is left to {size.side.value} of {whole}."
        return NoSize(reason="taken_back", message=text)
    told = f"{size.sized or whole}, less {taken} that had not filled = {canonical(left)}"
    return Size(side=size.side, quantity=left, sized=told)


def _opening(parent: ParentOrder, basis: SizingBasis, money: Money, instrument: Instrument) -> Size | NoSize:
    """The second leg, once the first has ended."""
    close, own = basis.close, basis.own
    if close is None:
        text = "The order that was to close the position first is no longer there."
        return NoSize(reason="close_incomplete", message=text, blocked=True)
    if parent.goal is Goal.TARGET:
        return _towards(parent, basis, money, instrument)
    if close.reason == "nothing_to_reverse":
        return NoSize(reason=close.reason, message=close.detail or "There is nothing to reverse.")
    side = close.side if parent.goal is Goal.REVERSE else parent.side
    left = round_down(abs(own), instrument.lot)
    against = side is None or own * side.sign < 0 or parent.goal is Goal.REVERSE
    if side is None or (against and left > 0):
        return _incomplete(close, own, instrument)
    if parent.goal is Goal.CLOSE and close.filled > 0:
        text = f"The algorithm is set to close on an opposite signal: {canonical(close.filled)} were closed."
        return NoSize(reason="closed_only", message=text)
    if parent.goal is Goal.CLOSE and basis.taken_back > 0:
        text = "The algorithm is set to close on an opposite signal: what it had on its way was taken back."
        return NoSize(reason="closed_only", message=text)
    if parent.goal is Goal.CLOSE and close.state is not ParentState.SKIPPED:
        return _incomplete(close, own, instrument)
    if _size(parent) is None:
        if close.filled <= 0:
            return _incomplete(close, own, instrument)
        quantity = round_down(close.filled, instrument.lot)
        return Size(side=side, quantity=quantity, sized=f"as much as was closed, {canonical(quantity)}")
    return _sized(parent, side, max(abs(own), close.filled), money, instrument)


def _towards(parent: ParentOrder, basis: SizingBasis, money: Money, instrument: Instrument) -> Size | NoSize:
    """Both legs of a target: the first comes closer without passing zero, the second goes on from there."""
    target = _target(parent, money, instrument)
    if isinstance(target, NoSize):
        return target
    own, close = basis.own, basis.close
    if round_down(abs(target - own), instrument.lot) == 0:
        text = f"The algorithm holds {_held(own, instrument)}, and that is the position that is wanted."
        return NoSize(reason="target_reached", message=text)
    if parent.side is not None and (target - own) * parent.side.sign < 0:
        text = f"The algorithm holds {_held(own, instrument)}; a {parent.side.value} to {canonical(target)} "
        return NoSize(reason="already_past", message=f"{text}would lead away from there.")
    is_same_side = own * target > 0
    reduces = own != 0 and (not is_same_side or abs(target) < abs(own))
    told = f"from {canonical(own)} to {canonical(target)}"
    if parent.purpose is Purpose.EXIT:
        if not reduces:
            text = f"The algorithm holds {_held(own, instrument)}: nothing has to be closed first."
            return NoSize(reason="nothing_to_close", message=text)
        wanted = abs(own) - abs(target) if is_same_side else abs(own)
        return _closing(Side.SELL if own > 0 else Side.BUY, wanted, told, basis, instrument)
    was_reduced = close is not None and close.filled > 0 and is_same_side
    if was_reduced and close is not None and close.state is ParentState.FILLED:
        text = f"The position was reduced to {_held(own, instrument)}; nothing is opened."
        return NoSize(reason="target_reached", message=text)
    if was_reduced or (reduces and round_down(abs(own), instrument.lot) > 0):
        return _incomplete(close, own, instrument)
    held = abs(own) if is_same_side else ZERO
    quantity = round_down(max(abs(target) - held - basis.opening, ZERO), instrument.lot)
    if quantity <= 0:
        text = f"The algorithm's own working orders lead to {canonical(target)} {instrument.symbol} already."
        return NoSize(reason="already_past", message=text)
    return Size(side=Side.BUY if target > 0 else Side.SELL, quantity=quantity, sized=told)


def _target(parent: ParentOrder, money: Money, instrument: Instrument) -> Decimal | NoSize:
    """The signed position wanted on this account, on the lot."""
    wanted = parent.target
    if wanted is None:
        return NoSize(reason="no_target", message="The order does not say which position is wanted.")
    if wanted == 0:
        return ZERO
    side = Side.BUY if wanted > 0 else Side.SELL
    units = units_of(parent, abs(wanted), parent.size_kind, side, ZERO, money, instrument)
    if isinstance(units, NoSize):
        return units
    return to_lot(units.amount * Fraction(money.multiplier), instrument.lot) * side.sign


def _sized(
    parent: ParentOrder, side: Side, position: Decimal, money: Money, instrument: Instrument
) -> Size | NoSize:
    size = _size(parent)
    if size is None or size <= 0:
        return NoSize(reason="below_lot", message="The order does not say how much.")
    units = units_of(parent, size, parent.size_kind, side, position, money, instrument)
    return units if isinstance(units, NoSize) else entry_size(side, units, money, instrument)


def _size(parent: ParentOrder) -> Decimal | None:
    """What the order is for; one that an earlier version stored says it in units alone."""
    if parent.size is not None or parent.size_kind is not None or parent.goal is not None:
        return parent.size
    return parent.quantity


def _incomplete(close: ParentOrder | None, own: Decimal, instrument: Instrument) -> NoSize:
    ended = close.state.value.replace("_", " ") if close is not None else "not done"
    return NoSize(
        reason="close_incomplete",
        message=f"The close before it is {ended} and the algorithm holds {_held(own, instrument)}: "
        "nothing is opened.",
        blocked=True,
    )


def _held(own: Decimal, instrument: Instrument) -> str:
    return f"{canonical(own)} {instrument.symbol}"
