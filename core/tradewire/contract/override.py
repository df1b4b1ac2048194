"""Stage override: what the message may change about the algorithm's order."""

from abc import ABC, abstractmethod
from decimal import Decimal

from tradewire.contract.matcher import SignalFacts
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import OrderType, TimeInForce
from tradewire.domain.protection import Protection
from tradewire.domain.size import SizeKind


class Note(Struct):
    """One decision about one field, for the audit trail: what came, what is used, and why.

    `by` is the plugin that decided; the pipeline fills it in.
    """

    field: str
    received: str | None
    used: str | None
    why: str
    by: str = ""


class Draft(Struct):
    """The order so far. `quantity` > 0 is in what `quantity_kind` says (None: units of the instrument); None
    for an exit or cancel of everything, and for a reversal of as much as is held.

    `target` is the signed position wanted, in the same, of a TARGET, buy or sell; `sentiment` its side alone.
    """

    symbol: str
    action: Action
    quantity: Decimal | None
    quantity_kind: SizeKind | None = None
    target: Decimal | None = None
    sentiment: Sentiment | None = None
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    take_profit: Protection | None = None
    stop_loss: Protection | None = None
    extended_hours: bool | None = None
    cancel_first: bool = False
    notes: tuple[Note, ...] = ()


class Skip(Struct):
    """Nothing is sent for this algorithm; `blocked` marks a refusal for safety rather than a plain no."""

    reason: str
    message: str
    blocked: bool = False
    notes: tuple[Note, ...] = ()


class Override(ABC):
    """Changes an algorithm's draft order by what the message says.

    | member | | |
    |---|---|---|
    | `name` | required | |
    | `apply` | required | pure |

    Called in the algorithm's order (`default` first), each sees the draft of the last; a `Skip` ends the
    chain. An exception fails the run visibly.
    """

    name: str

    @abstractmethod
    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        """The draft with this override's changes noted, or a `Skip` with the reason."""
