"""Decimal arithmetic for money, prices and quantities: rounding to a step, and one canonical text."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

ZERO = Decimal(0)

#: Enough digits for the product of any three numbers that `is_usable` lets through, and for their sums.
PRECISION = 120
MAX_ABSOLUTE = Decimal("1e15")
MAX_DECIMALS = 18


def exact() -> Context:
    """A context wide enough that no sum or product of accepted inputs is rounded."""
    return Context(prec=PRECISION)


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """`value` down (towards minus infinity) to a multiple of `step`; `step` > 0."""
    return _round(value, step, ROUND_FLOOR)


def round_up(value: Decimal, step: Decimal) -> Decimal:
    """`value` up (towards plus infinity) to a multiple of `step`; `step` > 0."""
    return _round(value, step, ROUND_CEILING)


def _round(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    with localcontext(exact()):
        return (value / step).to_integral_value(rounding=rounding) * step


def canonical(value: Decimal) -> str:
    """The one text of a number: no exponent, no trailing zeros, no minus zero. Equal numbers, equal texts."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_usable(value: Decimal) -> bool:
    """Whether a number from outside is finite and of a size and precision that money arithmetic can hold."""
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return abs(value) <= MAX_ABSOLUTE and isinstance(exponent, int) and -exponent <= MAX_DECIMALS
