"""What the planning of one account looks at: stored rows, and what the broker session knows."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradewire.contract.matcher import SignalFacts
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.domain.switch import Switch


class Holding(Struct):
    """One row of the positions table; `algorithm_id` is "" for what no algorithm accounts for.

    `episode` counts how often it was flat, and `entries` those that have filled since.
    """

    account_id: str
    algorithm_id: str
    instrument_id: str
    currency: str
    multiplier: Decimal
    quantity: Decimal
    episode: int = 0
    entries: int = 0


class AccountView(Struct, kw_only=True):
    """One account's live orders with everything around them, read in one transaction.

    Of other accounts (`others`, `elsewhere`, their `holdings` and `versions`) something is read only where a
    guardian may weigh them together.
    `parents` are this account's live ones by seq; `others` the admitted ones of all other accounts. Where
    many are pending `parents` are `cut` short: a plan decides about no more than `at_once` of them; `reach`
    says how far was read. Of those that are shown the ones in `later` (ids) have to wait for their turn, and
    are there only to be cancelled. `closes`
    holds the first legs, by id, of those that are second ones; `gave_way` those that were cancelled for one
    that waits, or for its first leg.
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
    at_once: int
    reach: int = 0
    cut: bool = False
    later: frozenset[str] = frozenset()
    closes: Mapping[str, ParentOrder] = {}
    gave_way: tuple[ParentOrder, ...] = ()
    children: Mapping[str, tuple[ChildOrder, ...]]
    holdings: tuple[Holding, ...] = ()
    switches: tuple[Switch, ...]
    signals: Mapping[str, SignalFacts]
    digests: Mapping[str, str] = {}
    same_content_at: Mapping[str, datetime] = {}
    instruments: Mapping[str, Instrument]
    elsewhere: Mapping[tuple[str, str], Instrument] = {}
    versions: tuple[tuple[str, str, int], ...]


class EngineLimits(Struct):
    """The engine's own settings, in seconds, and the guardians of the global scope."""

    base_currency: str = "USD"
    quote_age_s: float = 5.0
    mark_age_s: float = 60.0
    pending_s: float = 60.0
    global_guardians: tuple[Any, ...] = ()
