"""How one worker's accounts and prices stand, as it tells it to the other processes."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from tradewire.brokerage.market_memory import MarketMemory
from tradewire.contract.capabilities import Capabilities
from tradewire.domain.base import Struct


class AccountStanding(Struct):
    """`ready` once the account is connected and compared, else `why_not`. Equity and cash in its own
    currency, as the broker said them at `balances_at`; None where it does not."""

    account_id: str
    ready: bool
    why_not: str
    capabilities: Capabilities
    equity: Decimal | None = None
    cash: Decimal | None = None
    balances_at: datetime | None = None


class Mark(Struct):
    """The last known price of an instrument, per unit in its currency."""

    account_id: str
    instrument_id: str
    price: Decimal
    fetched_at: datetime


class Rate(Struct):
    """One unit of `currency` in `base`."""

    currency: str
    base: str
    rate: Decimal


class WorkerReport(Struct):
    accounts: tuple[AccountStanding, ...] = ()
    marks: tuple[Mark, ...] = ()
    rates: tuple[Rate, ...] = ()


def report_of(memory: MarketMemory, account_ids: Iterable[str]) -> WorkerReport:
    """What this process knows of the accounts that it serves."""
    served = sorted(account_ids)
    standings = [(one, memory.standing(one)) for one in served]
    prices = [(key, seen, seen.quote.mid) for key, seen in list(memory.quotes.items()) if key[0] in served]
    return WorkerReport(
        accounts=tuple(
            AccountStanding(
                account_id=account_id,
                ready=one.ready,
                why_not=one.why_not,
                capabilities=one.capabilities,
                equity=one.equity,
                cash=one.cash,
                balances_at=one.equity_at,
            )
            for account_id, one in standings
        ),
        marks=tuple(
            Mark(account_id=account, instrument_id=instrument, price=price, fetched_at=seen.fetched_at)
            for (account, instrument), seen, price in prices
            if price is not None
        ),
        rates=tuple(
            Rate(currency=currency, base=base, rate=rate)
            for (currency, base), rate in list(memory.rates.items())
        ),
    )
