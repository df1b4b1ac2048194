"""What the planning of one account looks at: stored rows, and what the broker session knows."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradewire.contract.broker import Capabilities
from tradewire.contract.matcher import SignalFacts
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildOrder, ParentOrder, Side
from tradewire.domain.session import SessionCalendar
from tradewire.domain.switch import Switch


class Holding(Struct):
    """One row of the positions table; `algorithm_id` is "" for what no algorithm accounts for."""

    account_id: str
    algorithm_id: str
    instrument_id: str
    currency: str
    multiplier: Decimal
    quantity: Decimal


class AccountView(Struct, kw_only=True):
    """One account's live orders with everything around them, read in one transaction.

    `parents` are this account's live ones by seq; `others` the admitted ones of all other accounts.
    `instruments` maps this account's symbols to what they were resolved to; `elsewhere` holds the other
    accounts' instruments by (account, id). `digests` are the signals'
    contents. `same_content_at` maps a pending parent to when a signal of its content last came in on which
    its algorithm acted, with an order that has ended by now. `versions` are what was read: if any has
    changed at the commit, the plan is void.
    """

    now: datetime
    account: Account
    epoch: int
    algorithms: Mapping[str, Algorithm]
    parents: tuple[ParentOrder, ...]
    others: tuple[ParentOrder, ...] = ()
    children: Mapping[str, tuple[ChildOrder, ...]]
    holdings: tuple[Holding, ...] = ()
    switches: tuple[Switch, ...]
    signals: Mapping[str, SignalFacts]
    digests: Mapping[str, str] = {}
    same_content_at: Mapping[str, datetime] = {}
    instruments: Mapping[str, Instrument]
    elsewhere: Mapping[tuple[str, str], Instrument] = {}
    versions: tuple[tuple[str, str, int], ...]


class WantKind(StrEnum):
    RESOLVE = "resolve"
    QUOTE = "quote"
    RATE = "rate"
    CALENDAR = "calendar"


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
    Quotes are by (account, instrument), rates by (currency, base currency).
    """

    ready: bool
    why_not: str = ""
    capabilities: Capabilities
    quotes: Mapping[tuple[str, str], SeenQuote] = {}
    resolved: Mapping[str, tuple[Instrument, ...]] = {}
    rates: Mapping[tuple[str, str], Decimal] = {}
    calendars: Mapping[str, SessionCalendar] = {}
    foreign: tuple[ForeignOrder, ...] = ()
    equity: Decimal | None = None
    missing: frozenset[Want] = frozenset()


class EngineLimits(Struct):
    """The engine's own settings, in seconds, and the guardians of the global scope."""

    base_currency: str = "USD"
    quote_age_s: float = 5.0
    mark_age_s: float = 60.0
    pending_s: float = 60.0
    global_guardians: tuple[Any, ...] = ()
