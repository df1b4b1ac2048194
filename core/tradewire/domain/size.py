"""What the size of an order is given in."""

from enum import StrEnum


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
