"""Stage blueprint: how is an order worked?"""

from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from tradewire.contract.capabilities import Capabilities
from tradewire.contract.guardian import Need, NoParams
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildOrder, OrderType, ParentOrder, ParentState, TimeInForce


class StepView(Struct):
    """All a blueprint knows; it keeps nothing between steps. `children` are in the order of their placing."""

    now: datetime
    parent: ParentOrder
    children: tuple[ChildOrder, ...]
    instrument: Instrument
    capabilities: Capabilities
    params: Any
    quote: Quote | None = None


class Place(Struct, tag="place"):
    """A new child, named by (leg, slice, generation): the same three always mean the same order."""

    quantity: Decimal
    order_type: OrderType
    leg: int = 0
    slice: int = 0
    generation: int = 0
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    extended_hours: bool = False


class Cancel(Struct, tag="cancel"):
    """Ask the broker to cancel a child; it stays open until the broker says that it is not."""

    client_id: str
    reason: str


class Finish(Struct, tag="finish"):
    """The parent ends in `state`. Core refuses it while a child is open, or against the fills."""

    state: ParentState
    reason: str
    message: str = ""


Action = Place | Cancel | Finish


class Step(Struct):
    """What to do now, and when to look again at the latest (None: only when something happens)."""

    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None


class Blueprint(ABC):
    """Works a parent order through child orders, as a pure function of a view.

    | member | | |
    |---|---|---|
    | `name` | required | as in the configuration |
    | `step` | required | pure |
    | `Params` | optional | a frozen msgspec struct; `NoParams` by default |
    | `needs` | optional | what it must be shown; an account that can never supply it is named when saving |
    | `validate` | optional | problems, as sentences, before anything is sent |
    | `order_types` | optional | the message's order types that it can work |
    | `attaches_exits` | optional | True: it places the parent's `take_profit` and `stop_loss` itself |
    | `extended_hours` | optional | True: where the parent may, it works outside the regular session |

    Exactly one works an order, chosen by name: the algorithm's own, or, where a message asks for an order
    type that this one does not list, the one that is named like that type and lists it. An exception pauses
    the parent and raises an alert. Parent quantity = filled + open in children + not yet released, at every
    instant; core checks it.
    """

    name: str
    Params: ClassVar[type[msgspec.Struct]] = NoParams
    order_types: ClassVar[frozenset[OrderType]] = frozenset()
    attaches_exits: ClassVar[bool] = False
    extended_hours: ClassVar[bool] = False

    def needs(self, params: Any) -> frozenset[Need]:
        """What `step` cannot do without. It may be missing all the same, and is None in the view then."""
        return frozenset()

    def validate(
        self, parent: ParentOrder, params: Any, instrument: Instrument, capabilities: Capabilities
    ) -> tuple[str, ...]:
        """Why this parent cannot be worked, in sentences; empty when it can."""
        return ()

    @abstractmethod
    def step(self, view: StepView) -> Step:
        """What to do now. Called on admission, whenever a child filled, ended or turned up again after being
        UNKNOWN, and at `wake_at`; an acknowledgement alone is no reason."""
