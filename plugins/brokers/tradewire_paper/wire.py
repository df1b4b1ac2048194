"""What the venue process and its clients say to each other, as JSON."""

from decimal import Decimal

from tradewire import (
    BrokerPosition,
    CancelOutcome,
    Execution,
    Instrument,
    OrderRequest,
    OrderState,
    Quote,
    Struct,
)
from tradewire_paper.faults import Fault
from tradewire_paper.rows import Holding, Order, Trade


class OpenAccount(Struct):
    """Open an account unless it exists; an existing one keeps its currency and cash."""

    account: str
    currency: str = "USD"
    starting_cash: Decimal | None = None


class Submit(Struct):
    """An order. `attempt` rises with every transmission; a look-up voids those up to the one it names."""

    account: str
    attempt: int
    order: OrderRequest


class Cancel(Struct):
    account: str
    client_id: str


class Cancelled(Struct):
    outcome: CancelOutcome


class Orders(Struct):
    orders: tuple[OrderState, ...]


class Executions(Struct):
    executions: tuple[Execution, ...]


class Positions(Struct):
    positions: tuple[BrokerPosition, ...]


class Instruments(Struct):
    instruments: tuple[Instrument, ...]


class Quoted(Struct):
    quote: Quote | None


class Rate(Struct):
    rate: Decimal | None


class Script(Struct):
    """Faults to load; they count from now on."""

    faults: tuple[Fault, ...]


class AccountBook(Struct):
    """Everything that the venue knows of one account."""

    account: str
    currency: str
    cash: Decimal
    orders: tuple[Order, ...]
    executions: tuple[Trade, ...]
    positions: tuple[Holding, ...]


class Books(Struct):
    """What `GET /book` answers."""

    accounts: tuple[AccountBook, ...]


class Health(Struct):
    status: str
    accounts: int
    pid: int


class Problem(Struct):
    """What the venue answers to a request that it cannot serve; `error` is a sentence."""

    error: str
