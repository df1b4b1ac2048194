"""Histories as Tradewire writes them, told in a line each, and how a test bends them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tradewire.audit.check import check
from tradewire.audit.finding import Report
from tradewire.domain.ids import client_order_id, parent_id
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.canonical import body
from tradewire.ledger.export import Line

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
ACCOUNT = "account-1"


class Story:
    """Appends entries; each order is named by its parent's id, with one child in slice 0 unless told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._held: dict[tuple[str, str], Decimal] = {}
        self._executions = 0
        self.note(EntryKind.ENGINE_STARTED)
        self.note(EntryKind.ACCOUNT_ADDED, name="venue")

    def note(
        self, kind: EntryKind, parent: Entry | None = None, client: str | None = None, **data: Any
    ) -> None:
        self.entries.append(
            Entry(
                at=START + timedelta(seconds=len(self.entries)),
                kind=kind,
                signal_id=parent.signal_id if parent else None,
                parent_id=parent.parent_id if parent else None,
                algorithm_id=parent.algorithm_id if parent else None,
                account_id=ACCOUNT,
                client_id=client,
                data=data,
            )
        )

    def accepted(self, signal: str, *algorithms: str) -> None:
        about = Entry(at=START, kind=EntryKind.SIGNAL_ACCEPTED, signal_id=signal)
        self.note(EntryKind.SIGNAL_ACCEPTED, about)
        self.note(EntryKind.SIGNAL_ROUTED, about, algorithms=list(algorithms))

    def wanted(
        self,
        signal: str,
        algorithm: str,
        symbol: str = "AAPL",
        side: str | None = "buy",
        purpose: str = "entry",
    ) -> Entry:
        """A parent order, not admitted yet."""
        about = Entry(
            at=START,
            kind=EntryKind.PARENT_CREATED,
            signal_id=signal,
            parent_id=parent_id(signal, algorithm),
            algorithm_id=algorithm,
        )
        self.note(
            EntryKind.PARENT_CREATED,
            about,
            state="pending",
            leg=0,
            purpose=purpose,
            symbol=symbol,
            side=side,
            quantity="4",
        )
        return about

    def admitted(
        self, parent: Entry, instrument: str = "AAPL", side: str = "buy", quantity: str = "4"
    ) -> None:
        self.note(EntryKind.PARENT_GUARDED, parent, decision="allow")
        self.note(EntryKind.PARENT_ADMITTED, parent, instrument=instrument, side=side, quantity=quantity)

    def placed(self, parent: Entry, quantity: str = "4", slice_: int = 0, **changed: Any) -> str:
        client = client_order_id(parent.parent_id or "", 0, slice_, 0)
        self.note(
            EntryKind.CHILD_CREATED,
            parent,
            client,
            leg=0,
            slice=slice_,
            generation=0,
            **self.content(quantity=quantity, **changed),
        )
        return client

    def content(self, **changed: Any) -> dict[str, Any]:
        usual = {"instrument": "AAPL", "side": "buy", "quantity": "4", "order_type": "market"}
        return {**usual, "limit_price": None, "stop_price": None, "time_in_force": "day", **changed}

    def sent(self, parent: Entry, client: str, epoch: int = 1, **changed: Any) -> None:
        self.note(
            EntryKind.CHILD_SENT, parent, client, owner="embedded", epoch=epoch, **self.content(**changed)
        )

    def filled(self, parent: Entry, client: str, quantity: str = "4", side: str = "buy") -> None:
        """Acknowledged and filled by one execution."""
        self.note(EntryKind.CHILD_ACKNOWLEDGED, parent, client, broker_order_id="b")
        self.executed(parent, client, quantity, side)
        self.note(EntryKind.CHILD_ENDED, parent, client, state="filled", filled=quantity)

    def executed(self, parent: Entry, client: str, quantity: str, side: str = "buy") -> None:
        key = (parent.algorithm_id or "", "AAPL")
        held = self._held.get(key, Decimal(0)) + Decimal(quantity) * (1 if side == "buy" else -1)
        self._held[key] = held
        self._executions += 1
        self.note(
            EntryKind.FILL_STORED,
            parent,
            client,
            execution=f"x{self._executions}",
            instrument="AAPL",
            side=side,
            quantity=quantity,
            price="100",
            position=str(held),
        )

    def ended(self, parent: Entry, state: str = "filled") -> None:
        self.note(EntryKind.PARENT_ENDED, parent, state=state, code=None)


def sound() -> Story:
    """Two entries, the second once unknown and sent again, a resting order that is cancelled, an exit."""
    story = Story()
    story.accepted("s1", "alpha")
    first = story.wanted("s1", "alpha")
    story.accepted("s2", "alpha")
    second = story.wanted("s2", "alpha", symbol="NASDAQ:AAPL")
    story.admitted(first)
    bought = story.placed(first)
    story.sent(first, bought)
    story.filled(first, bought)
    story.ended(first)
    story.admitted(second)
    lost = story.placed(second)
    story.sent(second, lost)
    story.note(EntryKind.CHILD_UNKNOWN, second, lost)
    story.note(EntryKind.CHILD_LOOKED_UP, second, lost, found=False)
    story.sent(second, lost)
    story.filled(second, lost)
    story.ended(second)
    story.accepted("s3", "alpha")
    third = story.wanted("s3", "alpha")
    story.admitted(third)
    resting = story.placed(third)
    story.sent(third, resting)
    story.note(EntryKind.CHILD_ACKNOWLEDGED, third, resting, broker_order_id="b")
    story.executed(third, resting, "1")
    story.accepted("s4", "alpha")
    close = story.wanted("s4", "alpha", side=None, purpose="exit")
    story.note(EntryKind.PARENT_CANCEL_REQUESTED, third)
    story.note(EntryKind.CHILD_CANCEL_REQUESTED, third, resting)
    story.note(EntryKind.PARENT_WAITING, close)
    story.note(EntryKind.CHILD_ENDED, third, resting, state="cancelled", filled="1")
    story.ended(third, "partly_filled")
    story.admitted(close, side="sell", quantity="9")
    sold = story.placed(close, quantity="9", side="sell")
    story.sent(close, sold, quantity="9", side="sell")
    story.filled(close, sold, "9", "sell")
    story.ended(close)
    return story


def lines(entries: Sequence[Entry], first: int = 1) -> list[Line]:
    """The entries as an export has them; nobody looks at their hashes here."""
    return [
        Line(number=number, seq=number, previous="", hash="", body=msgspec.Raw(body(entry)))
        for number, entry in enumerate(entries, first)
    ]


def checked(entries: Sequence[Entry], **options: Any) -> Report:
    return check(lines(entries), settled=True, **options)


def places(entries: Sequence[Entry], kind: EntryKind) -> list[int]:
    return [place for place, entry in enumerate(entries) if entry.kind is kind]


def changed(entries: list[Entry], place: int, **data: Any) -> None:
    """Replace something of an entry's data."""
    entries[place] = msgspec.structs.replace(entries[place], data={**entries[place].data, **data})


def moved(entries: list[Entry], place: int, to: int) -> None:
    entries.insert(to, entries.pop(place))
