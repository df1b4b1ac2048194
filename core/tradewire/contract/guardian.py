"""Stage guard: may this order be sent?"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.exposure import Exposure
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.message import Message
from tradewire.domain.order import OrderType, Purpose, Side, TimeInForce
from tradewire.domain.session import SessionCalendar
from tradewire.domain.switch import Switch
from tradewire.domain.verdict import Scope, Verdict


class Need(StrEnum):
    """What a guardian or blueprint must be shown. What the account can never supply is named when it is
    configured."""

    QUOTE = "quote"
    CALENDAR = "calendar"
    BALANCES = "balances"


class GuardedOrder(Struct):
    """The order under judgement, resolved and sized. `quantity` > 0 in the instrument's units."""

    parent_id: str
    account_id: str
    purpose: Purpose
    symbol: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    test: bool = False


class GuardView(Struct, kw_only=True):
    """Everything a guardian may look at, at one moment, in the scope it is asked in.

    `exposure` is the order's instrument in this scope without the order itself; `exposures` every instrument
    in this scope, that one included. `rate` converts the instrument's currency into `base_currency`; None
    where it is unknown. `switches` are those of all three scopes; a missing one is unknown, not active.
    `same_content_at` is when this algorithm last acted on the same content. `released` is False at admission
    and True when a child is judged that was placed later. `received_at` is when the signal's request
    arrived, and `message` what it said. `queued` is for how long it then waited for its market's open on
    purpose, which is no part of its age.
    """

    now: datetime
    scope: Scope
    params: Any
    algorithm: Algorithm
    message: Message
    received_at: datetime
    quote: Quote | None = None
    base_currency: str = "USD"
    rate: Decimal | None = None
    exposure: Exposure
    exposures: tuple[Exposure, ...] = ()
    switches: tuple[Switch, ...] = ()
    same_content_at: datetime | None = None
    calendar: SessionCalendar | None = None
    equity: Decimal | None = None
    released: bool = False
    queued: timedelta = timedelta(0)


class NoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a guardian or blueprint that takes none."""


class Guardian(ABC):
    """Judges orders in one scope.

    | member | | |
    |---|---|---|
    | `name` | required | as in the configuration |
    | `guard` | required | pure; over 250 ms it denies and is quarantined |
    | `scopes` | required | where it may be configured |
    | `Params` | optional | a frozen msgspec struct; `NoParams` by default |
    | `always` | optional | scopes in which it is asked of every order, configured or not |
    | `live` | optional | True: asked again, about all that is left, before each child that is placed later |
    | `early` | optional | True: judges by times alone; what has been pending for 5 s is shown to it first |
    | `needs` | optional | what it must be shown; an account that can never supply it is named when saving |

    All are asked and recorded, global first, then account, then algorithm; the most restrictive answer wins.
    An exception, a time-out or a missing guardian denies.

    Of what those say that are `live`, a block cancels what is left of the order; a trim leaves so much of it,
    with what is at the broker untouched; and a delay takes the new children back, until the blueprint is
    asked again then. `order.quantity` is all that is left, not the child's.

    Those that are `early` are asked about an order that has been pending for 5 s or more before it is sized
    and prices are fetched: `order.side` may be a guess, `order.quantity` is one lot, and the view has neither
    quote nor exposures. Where one of them blocks, the others are not asked.
    """

    name: str
    scopes: ClassVar[frozenset[Scope]]
    Params: ClassVar[type[msgspec.Struct]] = NoParams
    always: ClassVar[frozenset[Scope]] = frozenset()
    live: ClassVar[bool] = False
    early: ClassVar[bool] = False

    def needs(self, params: Any) -> frozenset[Need]:
        """What `guard` cannot do without. It may be missing all the same, and is None in the view then."""
        return frozenset()

    @abstractmethod
    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        """The verdict on `order`; `view.params` is this guardian's decoded `Params`."""
