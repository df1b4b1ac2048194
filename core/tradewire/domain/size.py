"""What the size of an order is given in."""

from decimal import Decimal
from enum import StrEnum

from tradewire.domain.quantity import canonical


class SizeKind(StrEnum):
    """QUANTITY: units of the instrument. NOTIONAL: money in the instrument's currency. PERCENT_OF_EQUITY: of
    the account's equity. PERCENT_OF_POSITION: of the algorithm's own position. RISK: money in the account's
    currency that is lost if the stop is hit; RISK_PERCENT: the same in percent of the account's equity."""

    QUANTITY = "quantity"
    NOTIONAL = "notional"
    PERCENT_OF_EQUITY = "percent_of_equity"
    PERCENT_OF_POSITION = "percent_of_position"
    RISK = "risk"
    RISK_PERCENT = "risk_percent"

    @property
    def needs_price(self) -> bool:
        """Whether it takes a price to make units of it."""
        return self not in (SizeKind.QUANTITY, SizeKind.PERCENT_OF_POSITION)

    @property
    def is_risk(self) -> bool:
        return self in (SizeKind.RISK, SizeKind.RISK_PERCENT)


_SPOKEN = {
    SizeKind.QUANTITY: "{}",
    SizeKind.NOTIONAL: "{} in the instrument's currency",
    SizeKind.PERCENT_OF_EQUITY: "{} % of equity",
    SizeKind.PERCENT_OF_POSITION: "{} % of the position",
    SizeKind.RISK: "{} in the account's currency at risk",
    SizeKind.RISK_PERCENT: "{} % of equity at risk",
}


def spoken(size: Decimal, kind: SizeKind | None) -> str:
    """A size as a sentence says it: "10", "2 % of equity"."""
    return _SPOKEN[kind or SizeKind.QUANTITY].format(canonical(size))
