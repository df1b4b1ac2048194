"""Stage broker: one account's connection to where orders are executed."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from tradewire.contract.capabilities import Capabilities
from tradewire.domain.account import AccountMode
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildState, OrderType, Side, TimeInForce
from tradewire.domain.session import SessionCalendar


class ConfigField(Struct):
    """One field of an account's configuration; a secret one is stored encrypted and never shown."""

    name: str
    description: str
    secret: bool = False
    required: bool = False
    default: Any = None


class Manifest(Struct):
    """What can be said of a broker without importing its SDK. `extra` is the pip extra that installs it."""

    title: str
    fields: tuple[ConfigField, ...] = ()
    modes: tuple[AccountMode, ...] = (AccountMode.PAPER, AccountMode.LIVE)
    extra: str | None = None
    hosts: tuple[str, ...] = ()


class AccountConfig(Struct):
    """One account as its session sees it; `credentials` are decrypted and must not be logged."""

    id: str
    name: str
    mode: AccountMode
    currency: str
    config: Mapping[str, Any]
    credentials: Mapping[str, str]


class StateStore(Protocol):
    """Durable, encrypted storage of one account's session. A `put` is on disk when it returns."""

    async def get(self, key: str) -> bytes | None: ...

    async def items(self, prefix: str) -> Mapping[str, bytes]: ...

    async def put(self, entries: Mapping[str, bytes | None]) -> None:
        """Store all entries in one transaction; None deletes."""


class Env(Protocol):
    """What core lends to a session."""

    @property
    def clock(self) -> Clock: ...

    @property
    def state(self) -> StateStore: ...

    async def calendar(self, name: str) -> SessionCalendar: ...

    async def sleep(self, seconds: float) -> None: ...


class OrderRequest(Struct, kw_only=True):
    """One order to send. `client_id` is already stored, and is the same on every transmission.

    `test` marks an order that came from a test message: it may fill on a paper account only. `reduce_only`
    asks the broker to refuse what would not reduce the account's net position; an exit of one algorithm
    among several does not set it, since the others may hold the opposite. With `extended_hours` it may trade
    outside the regular session too.
    """

    client_id: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce
    extended_hours: bool = False
    reduce_only: bool = False
    test: bool = False


class OrderRef(Struct):
    """How a child is named to its broker."""

    client_id: str
    broker_order_id: str | None
    instrument_id: str


class RejectKind(StrEnum):
    """The taxonomy that every broker's refusals are mapped to."""

    AUTH = "auth"
    NEEDS_USER = "needs_user"
    PERMISSION = "permission"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_CLOSED = "market_closed"
    PRICE_REJECTED = "price_rejected"
    SIZE_REJECTED = "size_rejected"
    DUPLICATE = "duplicate"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class Accepted(Struct, tag="accepted"):
    """The broker has the order."""

    broker_order_id: str


class Rejected(Struct, tag="rejected"):
    """The broker refused it; nothing is at the broker. DUPLICATE is never final: core looks the order up."""

    kind: RejectKind
    message: str


class Unknown(Struct, tag="unknown"):
    """It may or may not be at the broker: a time-out, a dropped connection, an answer that is no answer."""

    cause: str


SubmitResult = Accepted | Rejected | Unknown


class CancelOutcome(StrEnum):
    """REQUESTED is not yet cancelled: the end of an order comes as an event."""

    REQUESTED = "requested"
    TOO_LATE = "too_late"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


class OrderState(Struct):
    """One order as the broker shows it. `filled` is cumulative, in units."""

    client_id: str | None
    broker_order_id: str
    instrument_id: str
    side: Side
    quantity: Decimal
    filled: Decimal
    state: ChildState
    reject_kind: RejectKind | None = None
    message: str | None = None


class Found(Struct, tag="found"):
    """The broker has the order, open or ended."""

    order: OrderState


class Absent(Struct, tag="absent"):
    """Proof that the broker never had the order: where it was looked for, and when."""

    proof: str
    at: datetime


class Inconclusive(Struct, tag="inconclusive"):
    """The look-up proves nothing; it is tried again."""

    cause: str


FindResult = Found | Absent | Inconclusive


class Execution(Struct, kw_only=True, tag="execution"):
    """One fill, unique per account by `execution_id`. `price` is per unit in `currency`."""

    execution_id: str
    client_id: str | None
    broker_order_id: str | None
    instrument_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    currency: str
    multiplier: Decimal = Decimal(1)
    fee: Decimal = Decimal(0)
    fee_currency: str | None = None
    at: datetime


class OrderUpdate(Struct, tag="order_update"):
    """A change of one order's state."""

    order: OrderState
    at: datetime


class HealthState(StrEnum):
    """READY and DEGRADED (it works, with something missing) let orders out; the others hold them back.

    NEEDS_USER: only a person can go on, as with a second factor.
    """

    DOWN = "down"
    CONNECTING = "connecting"
    NEEDS_USER = "needs_user"
    DEGRADED = "degraded"
    READY = "ready"


class HealthChange(Struct, kw_only=True, tag="health_change"):
    """The session's health from now on; `message` is a sentence for the user."""

    state: HealthState
    message: str = ""
    at: datetime


class StreamGap(Struct, tag="stream_gap"):
    """Events may have been missed between `since` and `until`: core compares orders and executions again."""

    since: datetime
    until: datetime


Event = Execution | OrderUpdate | HealthChange | StreamGap


class BrokerPosition(Struct):
    """What the account holds of one instrument; `quantity` is signed, prices are in `currency`."""

    instrument_id: str
    quantity: Decimal
    currency: str = ""
    multiplier: Decimal = Decimal(1)
    average_price: Decimal | None = None


class Balances(Struct):
    """In the account's currency; None where the broker does not say."""

    cash: Decimal | None = None
    equity: Decimal | None = None
    buying_power: Decimal | None = None


class Session(ABC):
    """One account's open connection. All methods run on one event loop; a plugin owns its threads.

    | member | | |
    |---|---|---|
    | `capabilities`, `health` | required | data, no I/O |
    | `submit`, `cancel`, `find`, `open_orders`, `executions` | required | |
    | `resolve`, `positions`, `events`, `close` | required | |
    | `quote`, `balances`, `rate` | optional | None: the broker does not say |

    No method raises for what a broker may answer; what escapes is taken as UNKNOWN, never as a refusal.
    """

    capabilities: Capabilities

    @abstractmethod
    def health(self) -> HealthState:
        """How it stands now; a change of it is told as an event as well."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection. Nothing is asked of the session afterwards; `events` ends."""

    @abstractmethod
    async def submit(self, order: OrderRequest) -> SubmitResult:
        """Send it once. Only a parsed refusal is `Rejected`; all that is unclear is `Unknown`."""

    @abstractmethod
    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        """Ask for the order's end; it may be asked for more than once."""

    @abstractmethod
    async def find(self, client_id: str, since: datetime) -> FindResult:
        """Look an order up by its client id; it was sent no earlier than `since`."""

    @abstractmethod
    async def open_orders(self) -> Sequence[OrderState]:
        """Every open order of the account, those included that Tradewire did not place."""

    @abstractmethod
    async def executions(self, since: datetime) -> Sequence[Execution]:
        """Every execution of the account at `since` or later; older ones are welcome, a gap is not."""

    @abstractmethod
    async def positions(self) -> Sequence[BrokerPosition]:
        """Everything that the account holds, whoever bought it."""

    @abstractmethod
    async def resolve(self, symbol: str) -> Sequence[Instrument]:
        """What a TradingView ticker means here: none, one, or several (refused, never guessed)."""

    @abstractmethod
    def events(self) -> AsyncIterator[Event]:
        """The one stream of everything that happens, from the call on; replays are welcome."""

    async def quote(self, instrument: Instrument) -> Quote | None:
        """The present price; one that is old is worse than None."""
        return None

    async def balances(self) -> Balances | None:
        """Cash, equity and buying power in the account's currency."""
        return None

    async def rate(self, currency: str, base: str) -> Decimal | None:
        """How many `base` one `currency` is worth."""
        return Decimal(1) if currency == base else None


class Broker(ABC):
    """Opens sessions.

    | member | | |
    |---|---|---|
    | `name` | required | as in `tradewire account add --broker` |
    | `manifest` | required | readable without the SDK |
    | `open` | required | imports the SDK late |
    | `check` | optional | what is wrong with a configuration, before it is stored; no I/O |

    Exactly one serves an account, chosen by name. A missing one keeps the account's orders waiting, visibly.
    """

    name: str
    manifest: Manifest

    @abstractmethod
    async def open(self, account: AccountConfig, env: Env) -> Session:
        """A connected session; raises `Unhonoured` with a sentence where the configuration is at fault."""

    def check(self, config: Mapping[str, Any], credentials: Mapping[str, str]) -> Sequence[str]:
        """Every mistake in the values that a person gives an account, as sentences without a secret."""
        return ()
