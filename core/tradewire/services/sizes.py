"""What an order is for as a person reads it: units, money with its currency, per cent of something."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import Connection, select

from tradewire.domain.base import Struct
from tradewire.domain.quantity import canonical
from tradewire.domain.size import SizeKind, spoken
from tradewire.store.schema import accounts, instruments

_SIGNS = {"USD": "$"}


class Currencies(Struct):
    """Of accounts by id, and of what is traded on them by account and symbol, as far as it is known."""

    accounts: Mapping[str, str]
    symbols: Mapping[tuple[str, str], str]

    def of(self, kind: SizeKind | None, account_id: str, symbol: str) -> str | None:
        """The currency that a size of this kind is in; None also where it is not known yet."""
        if kind is SizeKind.RISK:
            return self.accounts.get(account_id)
        return self.symbols.get((account_id, symbol))


def currencies_of(conn: Connection, symbols: Collection[str]) -> Currencies:
    rows = conn.execute(
        select(instruments.c.account_id, instruments.c.symbol, instruments.c.document).where(
            instruments.c.symbol.in_(set(symbols))
        )
    )
    return Currencies(
        accounts={one.id: one.currency for one in conn.execute(select(accounts.c.document)).scalars()},
        symbols={(row.account_id, row.symbol): row.document.currency for row in rows},
    )


def size_told(size: Decimal | None, kind: SizeKind | None, currency: str | None) -> str | None:
    """`size` as text: "10", "$1,000", "1,000 EUR", "$50 at risk", "10 % of equity"."""
    if size is None:
        return None
    if currency is None or kind not in (SizeKind.NOTIONAL, SizeKind.RISK):
        return spoken(size, kind)
    money = _money_told(size, currency)
    return f"{money} at risk" if kind is SizeKind.RISK else money


def _money_told(amount: Decimal, currency: str) -> str:
    whole, point, cents = canonical(amount).partition(".")
    shown = f"{int(whole):,}{point}{cents.ljust(2, '0') if cents else ''}"
    sign = _SIGNS.get(currency)
    return f"{shown} {currency}" if sign is None else f"{sign}{shown}"
