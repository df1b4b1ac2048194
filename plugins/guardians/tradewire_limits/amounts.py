"""Quantities and money: checked when they come in, and written with their unit for people."""

from decimal import Decimal

from tradewire import AssetClass, GuardedOrder, Instrument, Verdict, block, canonical, is_usable
from tradewire import round_down as down
from tradewire import round_up as up

CENT = Decimal("0.01")

_UNITS = {AssetClass.STOCK: "shares", AssetClass.FUTURE: "contracts"}


def require_positive(**values: Decimal | None) -> None:
    """Raises `ValueError` for a parameter that is given and is not a usable number above zero."""
    for name, value in values.items():
        if value is not None and not is_positive(value):
            raise ValueError(f"`{name}` must be a number above zero, not {value}")


def is_positive(value: Decimal | None) -> bool:
    """Whether a number is known, finite and above zero."""
    return value is not None and is_usable(value) and value > 0


def unusable(order: GuardedOrder) -> Verdict | None:
    """A refusal of a quantity that no limit can be measured with: NaN, infinite, zero or negative."""
    if is_positive(order.quantity):
        return None
    return block(
        "unusable_quantity",
        f"The quantity {order.quantity} is not a number above zero that can be checked.",
        value=str(order.quantity),
    )


def units(quantity: Decimal, instrument: Instrument) -> str:
    """A quantity with its unit: "150 shares", "2 contracts", "0.5 units"."""
    return f"{canonical(quantity)} {_UNITS.get(instrument.asset_class, 'units')}"


def money(amount: Decimal, currency: str) -> str:
    """An amount of money, rounded up to the cent so that a breach never reads as equal to its limit."""
    return f"{canonical(up(amount, CENT))} {currency}"


def room(amount: Decimal, currency: str) -> str:
    """Headroom in money, rounded down to the cent."""
    return f"{canonical(down(amount, CENT))} {currency}"
