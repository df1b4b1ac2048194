"""What a history remembers of an order while it is read."""

from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, NamedTuple

ZERO = Decimal(0)


class ChildStage(Enum):
    """Where an order at the broker stands. ABSENT: proven never to have arrived, so it may go out again."""

    NEW = auto()
    SENT = auto()
    TAKEN = auto()
    UNKNOWN = auto()
    ABSENT = auto()
    ENDED = auto()

    @property
    def is_open(self) -> bool:
        return self is not ChildStage.ENDED


class ParentStage(Enum):
    """Where an algorithm's order stands."""

    PENDING = auto()
    WORKING = auto()
    ENDED = auto()


class Lane(NamedTuple):
    account_id: str
    instrument: str


class Child:
    """One order at the broker."""

    __slots__ = (
        "cancelled",
        "content",
        "filled",
        "id",
        "lane",
        "parent",
        "quantity",
        "slot",
        "stage",
        "taken",
    )

    def __init__(
        self, id_: str, parent: "Parent", lane: Lane, slot: tuple[Any, ...], content: dict[str, Any]
    ) -> None:
        self.id = id_
        self.parent = parent
        self.lane = lane
        self.slot = slot
        self.content = content
        self.quantity = amount(content.get("quantity")) or ZERO
        self.filled = ZERO
        self.stage = ChildStage.NEW
        self.cancelled = False
        self.taken = False

    @property
    def committed(self) -> Decimal:
        """What of its parent it uses up: what has filled, and while it is open all of it."""
        return max(self.quantity, self.filled) if self.stage.is_open else self.filled


class Parent:
    """What one algorithm wanted done because of one signal; `place` is its place among all."""

    __slots__ = (
        "account_id",
        "algorithm_id",
        "cancelled",
        "children",
        "id",
        "instrument",
        "patient",
        "place",
        "purpose",
        "quantity",
        "quiet_since",
        "shown",
        "side",
        "signal_id",
        "stage",
        "symbol",
        "verdict",
    )

    def __init__(self, id_: str, place: int, signal_id: str, algorithm_id: str, account_id: str) -> None:
        self.id = id_
        self.place = place
        self.signal_id = signal_id
        self.algorithm_id = algorithm_id
        self.account_id = account_id
        #: It waits for its own algorithm's sake, for hours perhaps, and other algorithms pass.
        self.patient = False
        self.purpose = ""
        self.symbol = ""
        self.side = ""
        self.instrument = ""
        self.quantity: Decimal | None = None
        self.stage = ParentStage.PENDING
        self.verdict = ""
        self.cancelled = False
        self.shown = False
        self.quiet_since: datetime | None = None
        self.children: dict[str, Child] = {}

    @property
    def lane(self) -> Lane:
        return Lane(self.account_id, self.instrument)


class Past(NamedTuple):
    """What is kept of a child whose parent has ended."""

    quantity: Decimal
    filled: Decimal
    taken: bool


class Execution(NamedTuple):
    client_id: str
    execution: str
    quantity: Decimal
    price: Decimal


def amount(text: Any) -> Decimal | None:
    """A quantity or price as a ledger entry holds it; None where there is none."""
    return Decimal(text) if isinstance(text, str) else None


def bare(symbol: str) -> str:
    """A ticker without exchange and separators: what stands for a lane until the broker has resolved it."""
    return "".join(letter for letter in symbol.rsplit(":", 1)[-1].upper() if letter.isalnum())
