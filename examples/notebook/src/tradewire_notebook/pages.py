"""The notebook itself: a CSV file to be read by a person. What counts is in Tradewire's own storage."""

import csv
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from tradewire import Instrument, Side, Struct, iso

_COLUMNS = ("time", "number", "side", "quantity", "symbol", "price", "currency", "client_id")


class Entry(Struct):
    """One order, executed when it was written down. `price` is per unit in the instrument's currency."""

    number: int
    client_id: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime


def rewrite(file: Path, entries: Iterable[Entry]) -> None:
    """The whole notebook anew, so that a line which a crash cost is there again."""
    with file.open("w", encoding="utf-8", newline="") as content:
        writer = csv.writer(content, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_cells(entry) for entry in entries)


def append(file: Path, entry: Entry) -> None:
    with file.open("a", encoding="utf-8", newline="") as content:
        csv.writer(content, lineterminator="\n").writerow(_cells(entry))


def _cells(entry: Entry) -> tuple[object, ...]:
    return (
        iso(entry.at),
        entry.number,
        entry.side.value,
        f"{entry.quantity:f}",
        entry.instrument.symbol,
        f"{entry.price:f}",
        entry.instrument.currency,
        entry.client_id,
    )
