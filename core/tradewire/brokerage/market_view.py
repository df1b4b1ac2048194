"""What the sessions know beyond the database, as planning is shown it, and what planning may ask them for."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.contract.capabilities import Capabilities
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import Side
from tradewire.domain.session import SessionCalendar


class WantKind(StrEnum):
    RESOLVE = "resolve"
    QUOTE = "quote"
    RATE = "rate"
    CALENDAR = "calendar"
    EQUITY = "equity"


class Want(Struct):
    """Something planning needs and only a broker session (or the calendar shelf) can say."""

    kind: WantKind
    account_id: str
    key: str


class SeenQuote(Struct):
    """A quote with the time it was fetched, by which its freshness is judged."""

    quote: Quote
    fetched_at: datetime


class ForeignOrder(Struct):
    """An order at the broker that is not ours."""

    instrument_id: str
    side: Side
    quantity: Decimal


class MarketView(Struct, kw_only=True):
    """What is known beyond the database. `missing` are wants that could not be met just now.

    `ready` is False until the account's session is connected and compared; `why_not` says what is amiss.
    `epoch` is that of the lease under which the session was opened.
    Quotes are by (account, instrument), rates by (currency, base currency); `equity` is as of `equity_at`.
    """

    ready: bool
    epoch: int | None = None
    why_not: str = ""
    capabilities: Capabilities
    quotes: Mapping[tuple[str, str], SeenQuote] = {}
    resolved: Mapping[str, tuple[Instrument, ...]] = {}
    rates: Mapping[tuple[str, str], Decimal] = {}
    calendars: Mapping[str, SessionCalendar] = {}
    foreign: tuple[ForeignOrder, ...] = ()
    equity: Decimal | None = None
    equity_at: datetime | None = None
    missing: frozenset[Want] = frozenset()
