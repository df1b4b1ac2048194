"""Orders and their states: the parent an algorithm wants done, its children at the broker, and fills."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.domain.base import Struct
from tradewire.domain.protection import Protection
from tradewire.domain.size import SizeKind


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """How long an order stays. OPG and CLS: only in the opening or closing auction. IOC: what fills at once,
    the rest is cancelled. FOK: all of it at once, or nothing."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


class Purpose(StrEnum):
    """Why a parent exists. An exit only reduces the algorithm's own position; a cancel sends no order."""

    ENTRY = "entry"
    EXIT = "exit"
    CANCEL = "cancel"


class Goal(StrEnum):
    """What a parent aims at, measured by the algorithm's own position at its admission.

    ADD enlarges the position on its side. The others come as two legs, leg 0 an exit and leg 1 an entry that
    waits for the first one's end. REVERSE: as much on the other side. TARGET: the position stated. SWAP:
    nothing on the other side, then the size on this one. CLOSE: the same, but what closed opens nothing.
    """

    ADD = "add"
    REVERSE = "reverse"
    TARGET = "target"
    SWAP = "swap"
    CLOSE = "close"


class ParentState(StrEnum):
    """PENDING: in its lane. WORKING: reserved and stepped. PAUSED: for a person. The others are final."""

    PENDING = "pending"
    WORKING = "working"
    PAUSED = "paused"
    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    FAILED = "failed"
    TESTED = "tested"
    DONE = "done"

    @property
    def is_live(self) -> bool:
        return self in (ParentState.PENDING, ParentState.WORKING, ParentState.PAUSED)


class ChildState(StrEnum):
    """NEW is stored and not yet sent; SENT may or may not have arrived; UNKNOWN is being looked up."""

    NEW = "new"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    PARTLY_FILLED = "partly_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether quantity may still fill. An UNKNOWN order counts as open in full."""
        return self in _OPEN


_OPEN = frozenset(
    {ChildState.NEW, ChildState.SENT, ChildState.ACKNOWLEDGED, ChildState.PARTLY_FILLED, ChildState.UNKNOWN}
)


class ParentOrder(Struct, kw_only=True):
    """What one algorithm wants done because of one signal.

    `symbol` is the ticker as configured or received, `instrument_id` what it was resolved to.
    `quantity` is None until admission sizes the order, where what it is for is not plain units. `filled` is
    in the instrument's units; `version` rises with every stored change.

    What it is for, as received: `size` > 0 in what `size_kind` says (None: units), None for all there is or
    as much as was closed; `target` is the signed position wanted, in the same. Without a `goal` an entry
    trades its size and an exit closes; an exit with a `side` closes only what that side reduces. `sized` is
    a sentence on how the quantity came about.

    `extended_hours` is what the message says, and from the admission on whether the order may trade outside
    the regular session. `queued_at` and `queued_until` say for how long it waited for the market's open on
    purpose. `episode` counts how often the algorithm's position had been flat when the order last filled.
    `made_way_for` is the parent that it was cancelled for.
    """

    id: str
    signal_id: str
    algorithm_id: str
    account_id: str
    leg: int = 0
    seq: int = 0
    purpose: Purpose
    symbol: str
    instrument_id: str | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    filled: Decimal = Decimal(0)
    goal: Goal | None = None
    size: Decimal | None = None
    size_kind: SizeKind | None = None
    target: Decimal | None = None
    sized: str | None = None
    cancel_first: bool = False
    blueprint: str
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    signal_price: Decimal | None = None
    take_profit: Protection | None = None
    stop_loss: Protection | None = None
    extended_hours: bool | None = None
    state: ParentState = ParentState.PENDING
    reason: str | None = None
    detail: str | None = None
    cancel_requested: bool = False
    made_way_for: str | None = None
    test: bool = False
    created_at: datetime
    admitted_at: datetime | None = None
    ended_at: datetime | None = None
    wake_at: datetime | None = None
    queued_at: datetime | None = None
    queued_until: datetime | None = None
    episode: int | None = None
    version: int = 0

    @property
    def remaining(self) -> Decimal:
        """What may still fill, in the instrument's units; zero until a quantity is known."""
        return max((self.quantity or Decimal(0)) - self.filled, Decimal(0))


class ChildOrder(Struct, kw_only=True):
    """One order at the broker. `client_id` is stored before the first byte is sent and never changes.

    `filled` is the sum of stored executions. `reported_filled` and `reported_state` are what the broker says
    of the order; where it says more than the executions show, the order stays open until they arrive.
    `look_ups` counts how often an UNKNOWN order was looked for.
    """

    client_id: str
    parent_id: str
    account_id: str
    instrument_id: str
    leg: int = 0
    slice: int = 0
    generation: int = 0
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce
    extended_hours: bool = False
    state: ChildState = ChildState.NEW
    filled: Decimal = Decimal(0)
    reported_filled: Decimal = Decimal(0)
    reported_state: ChildState | None = None
    broker_order_id: str | None = None
    reason: str | None = None
    detail: str | None = None
    cancel_requested: bool = False
    look_ups: int = 0
    created_at: datetime
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def open_quantity(self) -> Decimal:
        """The quantity that may still fill: nothing once the order has ended."""
        return max(self.quantity - self.filled, Decimal(0)) if self.state.is_open else Decimal(0)


class Fill(Struct, kw_only=True):
    """One execution, unique per account by the broker's `execution_id`.

    `quantity` > 0 in the instrument's units, `price` per unit in `currency`; `fee` is what was paid (negative
    for a rebate), in `fee_currency`.
    """

    execution_id: str
    account_id: str
    client_id: str | None
    parent_id: str | None
    algorithm_id: str | None
    instrument_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    currency: str
    multiplier: Decimal = Decimal(1)
    fee: Decimal = Decimal(0)
    fee_currency: str | None = None
    at: datetime
