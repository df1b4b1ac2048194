"""The user's configuration: what an algorithm listens to, trades, and may not exceed."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradewire.domain.base import Struct
from tradewire.domain.order import Side
from tradewire.domain.size import SizeKind


class AlgorithmState(StrEnum):
    STARTED = "started"
    STOPPED = "stopped"


class EntrySignal(Struct, kw_only=True):
    """Which messages an algorithm listens to: the provider's name and the id, case-sensitive."""

    provider: str = "tradingview"
    id: str


class Dynamic(Struct):
    """Which fields of the message override the algorithm's own values.

    `order` covers type, prices, time in force and attached exits. `ignore_action` lets a message whose action
    is opposite to the algorithm's side run with the algorithm's side all the same.
    """

    symbol: bool = False
    action: bool = False
    quantity: bool = False
    order: bool = False
    ignore_action: bool = False


class StopUse(StrEnum):
    """What becomes of a stop-loss that the message attaches and the blueprint does not: REFUSE sends nothing,
    SIZE_ONLY takes it for the size of the order and leaves the stop itself to the sender."""

    REFUSE = "refuse"
    SIZE_ONLY = "size_only"


class Sizing(Struct):
    """How much an order is for. Without a `value` it is the algorithm's quantity.

    `stop_percent`: how far from the entry's price the stop is taken to be, where the message attaches none.
    """

    kind: SizeKind = SizeKind.QUANTITY
    value: Decimal | None = None
    stop_percent: Decimal | None = None
    stop: StopUse = StopUse.REFUSE


class OnOpposite(StrEnum):
    """What a buy or sell does that is opposite to the algorithm's own position: NET trades its quantity,
    CLOSE only closes, SWAP closes and then opens its quantity."""

    NET = "net"
    CLOSE = "close"
    SWAP = "swap"


class WhenClosed(StrEnum):
    """What becomes of an order while its market is closed. REJECT blocks an entry, QUEUE keeps it for the
    open, EXTENDED sends it as a limit order outside the session. An exit is never blocked: where it cannot
    be sent it waits for the open."""

    REJECT = "reject"
    QUEUE = "queue"
    EXTENDED = "extended"


class ValidityKind(StrEnum):
    DAY = "day"
    GTC = "gtc"
    WINDOW = "window"


class Validity(Struct):
    """How long an algorithm acts: to the close of its calendar's session, for good, or in a stated window.

    `calendar` is an exchange's code ("XNYS") or "24/7"; with "24/7" a day ends at midnight in `timezone`.
    """

    kind: ValidityKind
    calendar: str | None = None
    timezone: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class Plugged(Struct):
    """A plugin's object chosen by name, with its parameters as they were written."""

    name: str
    params: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every struct a copy


class PipelineChoice(Struct):
    """Further matchers and overrides, by name and in order, after the default ones."""

    match: tuple[str, ...] = ()
    override: tuple[str, ...] = ()


class Algorithm(Struct, kw_only=True):
    """One algorithm as it is stored. `guardians` are those of its own scope, by name, with parameters.

    `quantity` in units is None where `sizing` says it otherwise. `max_entries`: how many entries may make up
    one position.
    """

    id: str
    name: str
    account_id: str
    signal: EntrySignal
    symbol: str
    side: Side
    quantity: Decimal | None
    sizing: Sizing = Sizing()
    dynamic: Dynamic = Dynamic()
    allow_shorts: bool = False
    on_opposite: OnOpposite = OnOpposite.NET
    max_entries: int | None = None
    when_closed: WhenClosed = WhenClosed.REJECT
    blueprint: Plugged
    guardians: tuple[Plugged, ...] = ()
    validity: Validity
    pipeline: PipelineChoice = PipelineChoice()
    state: AlgorithmState = AlgorithmState.STOPPED
    state_reason: str | None = None
    started_at: datetime | None = None
    valid_until: datetime | None = None
    created_at: datetime
    version: int = 1
