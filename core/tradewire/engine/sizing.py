"""How many units a size comes to. Pure, and exact: fractions until the last rounding down to the lot."""

from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

from tradewire.contract.working import size_problems
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ParentOrder, Side
from tradewire.domain.quantity import MAX_DECIMALS, ZERO, canonical, exact
from tradewire.domain.size import SizeKind


class Size(Struct):
    """A side and a quantity above zero, in the instrument's units; `sized` tells how it came about."""

    side: Side
    quantity: Decimal
    sized: str | None = None


class NoSize(Struct):
    """Nothing to send: a reason code and a sentence; `blocked` where something is amiss."""

    reason: str
    message: str
    blocked: bool = False


class Units(Struct):
    """An amount of units, not yet rounded, and the beginning of a sentence on how it came about, where it was
    worked out."""

    amount: Fraction
    told: str | None = None


class Money(Struct, kw_only=True):
    """What sizes in money are worked out from; None where it is not known.

    `price` per unit and `equity` in the account's `currency`; `rates` are those of the instrument's and the
    account's currencies into one base. `stop_percent` is the algorithm's own. `multiplier` is the account's.
    """

    price: Decimal | None = None
    equity: Decimal | None = None
    currency: str = "USD"
    rates: tuple[Decimal | None, Decimal | None] = (None, None)
    stop_percent: Decimal | None = None
    multiplier: Decimal = Decimal(1)


def to_lot(amount: Fraction, lot: Decimal) -> Decimal:
    """`amount` >= 0 down to a multiple of `lot`."""
    with localcontext(exact()):
        return Decimal(int(amount // Fraction(lot))) * lot


def entry_size(side: Side, units: Units, money: Money, instrument: Instrument) -> Size | NoSize:
    """`units` times the account's multiplier, down to the lot; too small a one is refused where the price is
    known that it was worked out with."""
    amount, told = units.amount, units.told
    if money.multiplier != 1:
        amount *= Fraction(money.multiplier)
        told = f"{told or _about(units.amount)}, times {canonical(money.multiplier)}"
    quantity = to_lot(amount, instrument.lot)
    if quantity <= 0:
        return NoSize(
            reason="below_lot",
            message=f"The quantity {_about(amount)} is below one lot of {instrument.symbol} "
            f"({canonical(instrument.lot)}){f': {told}' if told else ''}.",
        )
    if told is None:
        return Size(side=side, quantity=quantity)
    problems = size_problems(quantity, instrument, money.price)
    if problems:
        return NoSize(reason="too_small", message=f"{told}: {' '.join(problems)}", blocked=True)
    return Size(side=side, quantity=quantity, sized=f"{told} = {canonical(quantity)} {instrument.symbol}")


def closable(own: Decimal, unattributed: Decimal) -> Decimal:
    """How much of the algorithm's own position is there to close: less what left the account behind
    Tradewire's back. Both are signed; what other algorithms hold is never touched."""
    gone = min(abs(own), abs(unattributed)) if own * unattributed < 0 else ZERO
    return abs(own) - gone


def units_of(
    parent: ParentOrder,
    size: Decimal,
    kind: SizeKind | None,
    side: Side,
    position: Decimal,
    money: Money,
    instrument: Instrument,
) -> Units | NoSize:
    """What `size` > 0 of `kind` comes to; `position` >= 0 is what percentages of it are taken from."""
    match kind:
        case None | SizeKind.QUANTITY:
            return Units(amount=Fraction(size))
        case SizeKind.PERCENT_OF_POSITION:
            if position == 0:
                text = f"The size is {canonical(size)} % of the position, and the algorithm holds none."
                return NoSize(reason="no_position", message=text, blocked=True)
            told = f"{canonical(size)} % of the position of {canonical(position)}"
            return Units(amount=Fraction(size) / 100 * Fraction(position), told=told)
        case SizeKind.NOTIONAL:
            return _of_notional(size, money, instrument)
        case SizeKind.PERCENT_OF_EQUITY:
            return _of_equity(size, money, instrument)
        case _:
            return _of_risk(parent, size, kind, side, money, instrument)


def _of_notional(size: Decimal, money: Money, instrument: Instrument) -> Units | NoSize:
    if money.price is None:
        return _no_price(instrument)
    amount = Fraction(size) / (Fraction(money.price) * Fraction(instrument.multiplier))
    return Units(amount=amount, told=f"{_spelt(size)} {instrument.currency} at {_spelt(money.price)}")


def _of_equity(size: Decimal, money: Money, instrument: Instrument) -> Units | NoSize:
    if money.equity is None or money.equity <= 0:
        return _no_equity(money)
    told = f"{canonical(size)} % of equity {_spelt(money.equity)} {money.currency}"
    return _bought(Fraction(size) / 100 * Fraction(money.equity), told, money, instrument)


def _bought(amount: Fraction, told: str, money: Money, instrument: Instrument) -> Units | NoSize:
    """What `amount` in the account's currency buys."""
    if money.price is None:
        return _no_price(instrument)
    rate = _rate(money)
    if rate is None:
        return _no_rate(money, instrument)
    each = Fraction(money.price) * Fraction(instrument.multiplier) * rate
    return Units(amount=amount / each, told=f"{told} at {_spelt(money.price)}")


def _of_risk(
    parent: ParentOrder, size: Decimal, kind: SizeKind, side: Side, money: Money, instrument: Instrument
) -> Units | NoSize:
    if money.price is None:
        return _no_price(instrument)
    if kind is SizeKind.RISK_PERCENT:
        if money.equity is None or money.equity <= 0:
            return _no_equity(money)
        at_risk = Fraction(size) / 100 * Fraction(money.equity)
        told = f"{canonical(size)} % of equity {_spelt(money.equity)} {money.currency} at risk"
    else:
        at_risk, told = Fraction(size), f"{_spelt(size)} {money.currency} at risk"
    distance = _to_the_stop(parent, money.price, money.stop_percent, side)
    if distance is None:
        return NoSize(
            reason="no_stop",
            message="The size is a risk, and a risk needs a stop: a stopLoss in the message, or stop_percent "
            "in the algorithm's [sizing].",
            blocked=True,
        )
    if distance <= 0:
        text = f"The stop of a {side.value} at {_spelt(money.price)} lies on the wrong side of it."
        return NoSize(reason="stop_on_wrong_side", message=text, blocked=True)
    rate = _rate(money)
    if rate is None:
        return _no_rate(money, instrument)
    each = distance * Fraction(instrument.multiplier) * rate
    told = f"{told}, {_about(distance)} from {_spelt(money.price)} to the stop"
    return Units(amount=at_risk / each, told=told)


def _to_the_stop(
    parent: ParentOrder, price: Decimal, own_percent: Decimal | None, side: Side
) -> Fraction | None:
    """How far the stop is from `price`, per unit; negative on the wrong side, None without a stop."""
    stop = parent.stop_loss
    if stop is not None and stop.stop_price is not None:
        return (Fraction(price) - Fraction(stop.stop_price)) * side.sign
    distances: tuple[tuple[Decimal | None, Callable[[Fraction], Fraction]], ...] = (
        (stop.percent if stop else None, lambda percent: percent / 100 * Fraction(price)),
        (stop.amount if stop else None, lambda amount: amount),
        (stop.trail_percent if stop else None, lambda percent: percent / 100 * Fraction(price)),
        (stop.trail_amount if stop else None, lambda amount: amount),
        (own_percent, lambda percent: percent / 100 * Fraction(price)),
    )
    return next((make(Fraction(value)) for value, make in distances if value is not None), None)


def _rate(money: Money) -> Fraction | None:
    """How much of the account's currency one of the instrument's is worth."""
    instrument, account = money.rates
    if instrument is None or account is None or account <= 0 or instrument <= 0:
        return None
    return Fraction(instrument) / Fraction(account)


def _no_price(instrument: Instrument) -> NoSize:
    text = f"The size is in money, and there is no present price of {instrument.symbol} to work it out with."
    return NoSize(reason="no_price", message=text, blocked=True)


def _no_equity(money: Money) -> NoSize:
    text = "The size is a part of the account's equity, and "
    text += "the broker does not say it." if money.equity is None else "there is none."
    return NoSize(reason="no_equity", message=text, blocked=True)


def _no_rate(money: Money, instrument: Instrument) -> NoSize:
    text = f"There is no rate from {instrument.currency} to {money.currency}, the account's currency."
    return NoSize(reason="no_rate", message=text, blocked=True)


def _spelt(number: Decimal) -> str:
    """With separators, as money is read: 100,000."""
    text = canonical(number)
    whole, point, decimals = text.partition(".")
    return f"{int(whole):,}{point}{decimals}"


def _about(amount: Fraction) -> str:
    """As many decimals as a quantity may have, of a number that may have no end."""
    with localcontext(exact()):
        return canonical(Decimal(int(amount * 10**MAX_DECIMALS)).scaleb(-MAX_DECIMALS))
